using HieraVid.Pruning.Dpp;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning.Tests.Dpp;

/// <summary>Seeded tokens that look like some kind of video.</summary>
internal sealed record RandomTokens(float[] Features, int Dimension, float[] Relevance)
{
    internal int Count => Relevance.Length;

    internal Tensor Tensor => TensorData.From<float>(Features, Count, Dimension);

    /// <param name="seed">Same seed, same tokens.</param>
    /// <param name="count">n.</param>
    /// <param name="dimension">D.</param>
    /// <param name="noise">How far tokens stray from those of the frame before: 0 repeats them, large ones are independent.</param>
    /// <param name="spread">How much attention varies: 0 makes all relevances 1.</param>
    internal static RandomTokens Make(int seed, int count, int dimension, double noise = 10, double spread = 1)
    {
        var random = new Random(seed);
        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        const int frame = 20;
        var features = new float[count * dimension];
        for (var i = 0; i < features.Length; i++)
            features[i] = (float)((i >= frame * dimension ? features[i - frame * dimension] : Normal()) + noise * Normal());
        var attention = Enumerable.Range(0, count).Select(_ => Math.Exp(spread * Normal())).ToArray();
        var (least, most) = (attention.Min(), attention.Max());
        return new RandomTokens(features, dimension,
            [.. attention.Select(a => most > least ? (float)((most - a + 1e-6) / (most - least)) : 1)]);
    }

    /// <summary>Consecutive segments of the given lengths.</summary>
    internal static List<DppSegment> Cut(IEnumerable<(int Length, int Keep)> lengths)
    {
        var (segments, start) = (new List<DppSegment>(), 0);
        foreach (var (length, keep) in lengths)
        {
            segments.Add(new DppSegment([.. Enumerable.Range(start, length)], keep));
            start += length;
        }
        return segments;
    }

    internal (DppSelection Selection, float[] Margin) Reference(DppSegment segment) =>
        ReferenceDpp.Select(Features, Dimension, Relevance, segment);
}
