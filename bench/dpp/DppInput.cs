using System.Runtime.InteropServices;
using HieraVid.Pruning.Dpp;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Bench.Dpp;

/// <summary>Made-up tokens of a layer: [n, D] features, their relevance, and consecutive segments.</summary>
internal sealed record DppInput(Tensor Features, float[] Relevance, IReadOnlyList<DppSegment> Segments)
{
    /// <summary>The hidden size of a 7B model.</summary>
    internal const int Large = 3584;

    private const int TokensPerFrame = 169;

    /// <summary>
    /// video: what stands at a position stays from frame to frame, with noise (cosine 0.8), and attention is log-normal, so
    /// that most relevances are near 1. noise: independent features, same attention.
    /// </summary>
    internal static DppInput Make(int count, int keep, int segments, string kind, int dimension = Large)
    {
        manual_seed(count);
        using var scope = NewDisposeScope();
        var features = empty([count, dimension]);
        var scene = randn([TokensPerFrame, dimension]);
        for (var begin = 0; begin < count; begin += TokensPerFrame)
        {
            // Frame by frame: a second copy of all of them would hide in memory what the selection takes.
            using var frame = NewDisposeScope();
            var tokens = Math.Min(TokensPerFrame, count - begin);
            var noise = randn([tokens, dimension]);
            features.narrow(0, begin, tokens).copy_(kind == "video" ? noise.mul_(0.5).add_(scene.narrow(0, 0, tokens)) : noise);
        }
        var attention = randn([count]).exp().ToArray<float>();
        var (least, most) = (attention.Min(), attention.Max());
        var relevance = Array.ConvertAll(attention, a => (most - a + 1e-6f) / (most - least));
        var list = new List<DppSegment>();
        for (var s = 0; s < segments; s++)
        {
            var (begin, end) = (count * s / segments, count * (s + 1) / segments);
            var places = (int)((long)keep * (s + 1) / segments - (long)keep * s / segments);
            list.Add(new DppSegment([.. Enumerable.Range(begin, end - begin)], places));
        }
        return new DppInput(features.DetachFromDisposeScope(), relevance, list);
    }

    /// <summary>Writes the files that the peers read.</summary>
    internal void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        using (var file = File.Create(Path.Combine(folder, "features.f32")))
            file.Write(Features.bytes);
        File.WriteAllBytes(Path.Combine(folder, "relevance.f32"), MemoryMarshal.AsBytes(Relevance.AsSpan()).ToArray());
        File.WriteAllLines(Path.Combine(folder, "segments.txt"), Segments.Select(s => $"{s.Members.Length} {s.Keep}"));
    }
}
