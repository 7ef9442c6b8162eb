using System.Runtime.InteropServices;
using System.Security.Cryptography;
using HieraVid.Models.Configuration;
using HieraVid.Pruning;

namespace HieraVid.Pipeline.Running;

/// <summary>Turns what a job's pruning decided into what users read: counts, costs and segments.</summary>
internal static class PruningFacts
{
    /// <summary>Visual tokens in each layer as it happened, [layers].</summary>
    internal static LayerTokens[] Layers(PrefillPruning pruning, int layers)
    {
        var tokens = new LayerTokens[layers];
        var (count, next) = (pruning.Entered.Length, 0);
        for (var layer = 0; layer < layers; layer++)
        {
            var attention = count;
            After(new LayerPoint(layer, LayerPlace.AfterAttention));
            tokens[layer] = new LayerTokens(attention, count);
            After(new LayerPoint(layer, LayerPlace.AfterLayer));
        }
        return tokens;

        void After(LayerPoint point)
        {
            if (next < pruning.Selections.Count && pruning.Selections[next].Point == point)
                count = pruning.Selections[next++].Kept.Length;
        }
    }

    /// <summary>Visual tokens that each layer's feed-forward network works on, [layers].</summary>
    internal static int[] PerLayer(PrefillPruning pruning, int layers) =>
        [.. Layers(pruning, layers).Select(tokens => (int)tokens.FeedForward)];

    /// <summary>Eq. 12 for the tokens that were really there; the attention of a layer that prunes sees them all.</summary>
    internal static FlopsReport Flops(PrefillPruning pruning, Qwen2Config config)
    {
        var all = pruning.Plan.Shape.Tokens;
        var model = new FlopsModel("", config.LayerCount, config.HiddenSize, config.IntermediateSize, pruning.Plan.Shape);
        var vanilla = Pruning.Flops.Total(model, FlopsTokens.Uniform(all, config.LayerCount));
        var pruned = Pruning.Flops.Total(model, Layers(pruning, config.LayerCount));
        return new FlopsReport(vanilla, pruned, pruned / vanilla);
    }

    /// <summary>
    /// A digest of the kept tokens at each level, so that two runs can be compared: SHA-256 over their original indices,
    /// ascending, as 32-bit little-endian numbers.
    /// </summary>
    internal static IReadOnlyDictionary<string, string> Digests(PrefillPruning pruning)
    {
        var digests = new Dictionary<string, string> { ["input"] = Digest(pruning.Entered) };
        foreach (var selection in pruning.Selections)
            digests.TryAdd(FormattableString.Invariant($"layer{selection.Point.Layer}"), Digest(selection.KeptOrigins()));
        return digests;
    }

    private static string Digest(int[] origins) =>
        Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<int>(origins.Order().ToArray())));

    /// <summary>The segments with their tokens after each stage; empty where the method has none.</summary>
    internal static IReadOnlyList<SegmentReport> Segments(PrefillPruning pruning, IReadOnlyList<double> times, double end)
    {
        if (pruning.Plan is not HieraVidPlan plan)
            return [];
        List<int[]> levels = [pruning.Entered, .. pruning.Selections.Select(selection => selection.KeptOrigins())];
        var kept = plan.Segments.Select(_ => new int[levels.Count]).ToArray();
        for (var level = 0; level < levels.Count; level++)
        {
            foreach (var token in levels[level])
            {
                if (plan.SegmentOf(token) is >= 0 and var segment)
                    kept[segment][level]++;
            }
        }
        return [.. plan.Segments.Select((segment, s) => new SegmentReport(
            s, segment.FirstFrame, segment.LastFrame, Math.Round(times[segment.FirstFrame], 6),
            Math.Round(segment.LastFrame + 1 < times.Count ? times[segment.LastFrame + 1] : Math.Max(end, times[segment.LastFrame]), 6),
            segment.Z, kept[s]))];
    }
}
