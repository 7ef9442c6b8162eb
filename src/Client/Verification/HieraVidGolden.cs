using System.Globalization;
using System.Text.Json;
using HieraVid.Pruning;
using HieraVid.Pruning.Dpp;
using static TorchSharp.torch;

namespace HieraVid.Client.Verification;

/// <summary>Golden values of HieraVid, step by step and in whole runs.</summary>
internal static class HieraVidGolden
{
    internal static void Run(GoldenFolder golden)
    {
        foreach (var description in golden.Cases.GetProperty("cases").EnumerateArray())
        {
            using var scope = NewDisposeScope();
            using var step = new StepCase(golden, description);
            if (step.Has("in.tokens"))
            {
                Segments(step);
                Merge(step);
            }
            RelevanceForms(step);
            RetainCountsOf(step);
            Selections(step);
            if (step.Params.TryGetProperty("runs", out _))
                HieraVidRuns.Run(step);
            step.ListUncompared();
        }
    }

    /// <summary>The options of a case: the defaults where it states nothing.</summary>
    internal static HieraVidOptions Options(JsonElement parameters)
    {
        double Value(string name, double fallback) =>
            parameters.TryGetProperty(name, out var value) ? value.GetDouble() : fallback;
        var options = HieraVidOptions.Default;
        var clamp = parameters.TryGetProperty("clamp", out var range)
            ? [.. range.EnumerateArray().Select(limit => limit.GetDouble())]
            : new[] { options.ClampLow, options.ClampHigh };
        return options with
        {
            Alpha = Value("alpha", options.Alpha),
            Beta = Value("beta", options.Beta),
            SimThreshold = Value("sim_threshold", options.SimThreshold),
            Deviation = Value("deviation", options.Deviation),
            ClampLow = clamp[0],
            ClampHigh = clamp[1],
        };
    }

    // Steps a to d.
    private static void Segments(StepCase step)
    {
        var options = Options(step.Params);
        var shape = step.Shape("in.tokens");
        var (positions, width) = ((int)shape[1], (int)shape[2]);
        var (similarity, sums) = SimilarityMap.Of(new TokenChunk(0, step.Tensor("in.tokens"), null));
        step.Compare("a.similarity", () => similarity);
        step.Compare("b.overlap", () =>
            Segmentation.Overlap(step.Floats("a.similarity"), positions, options.SimThreshold));
        step.Compare("c.segment_of_frame", () => Segmentation.SegmentOfFrame(step.Floats("b.overlap"), options.Beta));
        if (!step.Has("c.segment_of_frame"))
            return;
        var segments = step.Integers("c.segment_of_frame");
        var counts = Enumerable.Repeat(positions, segments.Length).ToArray();
        var means = SegmentBudgets.Means(sums, counts, segments);
        step.Compare("d.segment_mean", () => [.. means.SelectMany(mean => mean).Select(value => (float)value)]);
        var given = step.Has("d.segment_mean")
            ? step.Floats("d.segment_mean").Select(value => (double)value).Chunk(width).ToArray()
            : means;
        step.Compare("d.raw", () => Array.ConvertAll(SegmentBudgets.Raw(given, options.Alpha), value => (float)value));
        step.Compare("d.z", () => SegmentBudgets.ZScores(step.Has("d.raw")
            ? Array.ConvertAll(step.Floats("d.raw"), value => (double)value)
            : SegmentBudgets.Raw(given, options.Alpha)));
    }

    // Step e.
    private static void Merge(StepCase step)
    {
        if (!step.Params.TryGetProperty("r0", out var ratio))
            return;
        var positions = (int)step.Shape("in.tokens")[1];
        var similarity = step.Floats("a.similarity");
        var merge = MergeSelection.Choose(similarity, positions, ratio.GetDouble());
        var merged = MergeRuns.Apply(new TokenChunk(0, step.Tensor("in.tokens"), null), merge);
        step.Compare("e.tied", () =>
            Enumerable.Range(0, similarity.Length).Where(t => similarity[t] == merge.Threshold));
        step.Compare("e.merge_candidates", merge.Candidates);
        step.Compare("e.kept", () => merged.Origins);
        step.Compare("e.group_size", () => merged.GroupSizes);
        step.Compare("e.values", () => Torch.TensorData.ToArray<float>(merged.Values));
    }

    // Step f.
    private static void RelevanceForms(StepCase step)
    {
        step.Compare("f.attn_mean", () => Relevance.HeadMean(step.Floats("in.attn"), (int)step.Shape("in.attn")[0]));
        step.Compare("f.relevance_spread", () => Relevance.ForSpread(Attention(step), RelevanceSign.Negated));
        step.Compare("f.relevance_dpp", () => Relevance.ForDpp(Attention(step), RelevanceSign.Negated));
    }

    // Step i.
    private static void RetainCountsOf(StepCase step)
    {
        var options = Options(step.Params);
        if (step.Has("i.retain"))
        {
            var ratios = step.Params.GetProperty("ratios").EnumerateArray().Select(ratio => ratio.GetDouble()).ToList();
            var (counts, scores) = (step.Integers("in.count"), step.Floats("in.z"));
            step.Compare("i.retain", () => ratios.SelectMany(ratio =>
                scores.SelectMany(z => counts.Select(count => RetainCounts.Of(count, ratio, z, options)))));
        }
        if (!step.Has("i.segment_ids"))
            return;
        var present = Members(step.Integers("in.segment_of_kept"));
        step.Compare("i.segment_ids", () => present.Select(segment => segment.Id));
        step.Compare("i.token_count", () => present.Select(segment => segment.Rows.Length));
        var z = step.Floats("d.z");
        foreach (var name in step.Names.Where(name => name.StartsWith("i.retain_", StringComparison.Ordinal)))
        {
            var ratio = double.Parse(name["i.retain_".Length..], CultureInfo.InvariantCulture);
            step.Compare(name, () => present.Select(segment =>
                RetainCounts.Of(segment.Rows.Length, ratio, z[segment.Id], options)));
        }
    }

    // Steps g and h.
    private static void Selections(StepCase step)
    {
        if (step.Has("g.selected"))
        {
            var rho = step.Has("f.relevance_spread")
                ? step.Floats("f.relevance_spread")
                : Relevance.ForSpread(Attention(step), RelevanceSign.Negated);
            step.Compare("g.selected", () =>
                Wanted(step, "g").SelectMany(segment => RelevanceSelection.Spread(rho, segment.Rows, segment.Keep)));
        }
        if (!step.Has("h.selected"))
            return;
        var relevance = step.Has("f.relevance_dpp")
            ? step.Floats("f.relevance_dpp")
            : Relevance.ForDpp(Attention(step), RelevanceSign.Negated);
        var features = step.Tensor(step.Has("in.features") ? "in.features" : "e.values");
        var wanted = Wanted(step, "h");
        var selections = SegmentDpp.Select(features, relevance,
            [
                .. wanted.Where(segment => segment.Keep > 0)
                    .Select(segment => new DppSegment(segment.Rows, segment.Keep)),
            ]);
        step.Compare("h.selected", () => selections.SelectMany(selection => selection.Order));
        step.Compare("h.gain", () => [.. selections.SelectMany(selection => selection.Gain)]);
        step.Compare("h.well_defined", () =>
            (int[])[selections.Sum(selection => selection.Gain.Count(gain => gain > 0))]);
        step.Compare("h.offsets", () =>
            wanted.Select((_, i) => wanted.Take(i + 1).Sum(segment => segment.Keep)).Prepend(0));
    }

    private static float[] Attention(StepCase step) =>
        step.Floats(step.Has("f.attn_mean") ? "f.attn_mean" : "in.attn_mean");

    // Segments with the number of tokens that step g or h is to keep of each.
    private static List<(int[] Rows, int Keep)> Wanted(StepCase step, string letter)
    {
        if (step.Params.TryGetProperty($"{letter}_pruning_ratio", out var ratio))
        {
            var keep = step.Integers("i.retain_" + ratio.GetDouble().ToString(CultureInfo.InvariantCulture));
            return [.. Members(step.Integers("in.segment_of_kept")).Select((segment, i) => (segment.Rows, keep[i]))];
        }
        var tokens = (int)step.Shape("in.attn_mean")[0];
        var present = Members(step.Has("in.segment") ? step.Integers("in.segment") : new int[tokens]);
        if (!step.Has("in.retain"))
            return [(present[0].Rows, step.Integers($"{letter}.selected").Length)];
        var retain = step.Integers("in.retain");
        return [.. present.Select((segment, i) => (segment.Rows, retain[i]))];
    }

    private static List<(int Id, int[] Rows)> Members(int[] segments) =>
    [
        .. Enumerable.Range(0, segments.Length).GroupBy(row => segments[row]).OrderBy(group => group.Key)
            .Select(group => (group.Key, group.ToArray())),
    ];
}
