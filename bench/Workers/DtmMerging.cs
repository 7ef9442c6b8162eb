using System.Diagnostics;
using HieraVid.Pruning;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Bench.Workers;

/// <summary>
/// FastVID's merging alone (DTM, and ATS, which says what is not merged): segment by segment from tokens to anchors' values, on the
/// tokens of <see cref="MethodPruning"/>.
/// </summary>
internal static class DtmMerging
{
    internal static Func<Dictionary<string, double>> SetUp(int frames, int positions)
    {
        var options = new FastVidOptions();
        var method = new FastVidMethod(options, MethodPruning.Budget);
        var chunks = MethodPruning.Chunks(method, frames, positions);
        var plan = method.Plan([.. chunks.Select(method.Summarise)], int.MaxValue);
        var tokens = cat([.. chunks.Select(chunk => chunk.Tokens)], 0);
        var segments = plan.Pieces.Select(piece => (
            Tokens: tokens.narrow(0, piece.First, piece.Count),
            Attention: rand([piece.Count, positions], ScalarType.Float32).ToArray<float>(),
            Counts: FastVidCounts.Of(piece.Count, positions, MethodPruning.Budget, options))).ToList();
        return () =>
        {
            using var scope = NewDisposeScope();
            var clock = Stopwatch.StartNew();
            var anchors = 0L;
            foreach (var segment in segments)
                anchors += SegmentMerge.Of(segment.Tokens, segment.Attention, segment.Counts, options).Values.shape[0];
            return new Dictionary<string, double> { ["seconds"] = clock.Elapsed.TotalSeconds, ["anchors"] = anchors };
        };
    }
}
