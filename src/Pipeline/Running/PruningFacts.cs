using HieraVid.Models.Configuration;
using HieraVid.Pruning;

namespace HieraVid.Pipeline.Running;

/// <summary>Turns what a job's pruning decided into what users read: counts, costs, segments and the report's arrays.</summary>
internal static class PruningFacts
{
    /// <summary>Visual tokens that each layer's feed-forward network works on, [layers].</summary>
    internal static int[] PerLayer(JobPruning pruning, int layers) =>
        [.. Layers(pruning, layers).Select(tokens => (int)tokens.FeedForward)];

    /// <summary>Eq. 12 for the tokens that were really there; the attention of a layer that prunes sees them all.</summary>
    internal static FlopsReport Flops(JobPruning pruning, Qwen2Config config)
    {
        var model = new FlopsModel("", config.LayerCount, config.HiddenSize, config.IntermediateSize, pruning.Tokens);
        var vanilla = Pruning.Flops.Total(model, FlopsTokens.Uniform(pruning.Tokens, config.LayerCount));
        var pruned = Pruning.Flops.Total(model, Layers(pruning, config.LayerCount));
        return new FlopsReport(vanilla, pruned, pruned / vanilla);
    }

    /// <summary>The segments with their tokens after each stage.</summary>
    internal static IReadOnlyList<SegmentReport> Segments(JobPruning pruning, IReadOnlyList<double> times, double end)
    {
        if (pruning.Plan is not { } plan)
            return [];
        return [.. plan.Segments.Select((segment, s) => new SegmentReport(
            s, segment.FirstFrame, segment.LastFrame, Math.Round(times[segment.FirstFrame], 6),
            Math.Round(segment.LastFrame + 1 < times.Count ? times[segment.LastFrame + 1] : Math.Max(end, times[segment.LastFrame]), 6),
            segment.Z, [.. pruning.OriginsAfter.Select(origins => origins.Count(token => plan.SegmentOf(token) == s))]))];
    }

    /// <summary>Everything that the HTML report shows; null without pruning.</summary>
    internal static PruningReport? Report(
        JobPruning pruning, string method, double budget, int layers, IReadOnlyList<SegmentReport> segments)
    {
        if (pruning.Plan is not { } plan)
            return null;
        var trace = PruningTrace.Of(plan, pruning.Summaries, pruning.Selections);
        return new PruningReport
        {
            Method = method,
            Budget = budget,
            Frames = plan.Shape.Frames,
            Positions = plan.Shape.Positions,
            Layers = layers,
            Stages = [MergeStage(pruning), .. trace.Stages.Select((stage, i) => LayerStage(pruning, trace, stage, i))],
            Segments = segments,
            Overlap = trace.Overlap,
            OverlapThreshold = plan.Options.Beta,
            Similarity = trace.Similarity,
            MergedInto = [.. trace.MergedInto.Select((holder, token) => holder == token ? -1 : holder)],
            LeftAt = LeftAt(trace),
        };
    }

    private static PruningStageReport MergeStage(JobPruning pruning) =>
        new("merge", 0, pruning.Tokens, pruning.OriginsAfter[0].Length, [], [], []);

    private static PruningStageReport LayerStage(JobPruning pruning, PruningTrace trace, StageTrace stage, int i)
    {
        var usesDpp = stage.Gain.Any(gain => !float.IsNaN(gain));
        var name = usesDpp ? "dpp" : "relevance";
        return new PruningStageReport(name, trace.Layers[stage.Stage - 1], stage.Origins.Length, pruning.OriginsAfter[i + 1].Length,
            Spread(trace, stage, stage.Relevance, float.NaN), usesDpp ? Spread(trace, stage, stage.Gain, float.NaN) : [],
            Spread(trace, stage, stage.Rank, -1));
    }

    // From the tokens present before a stage to all tokens of the video.
    private static T[] Spread<T>(PruningTrace trace, StageTrace stage, T[] values, T absent)
    {
        var all = new T[trace.Shape.Tokens];
        Array.Fill(all, absent);
        for (var row = 0; row < values.Length; row++)
            all[stage.Origins[row]] = values[row];
        return all;
    }

    private static int[] LeftAt(PruningTrace trace)
    {
        var left = new int[trace.Shape.Tokens];
        for (var token = 0; token < left.Length; token++)
            left[token] = trace.MergedInto[token] == token ? -1 : 0;
        for (var i = 0; i < trace.Stages.Length; i++)
        {
            var stage = trace.Stages[i];
            for (var row = 0; row < stage.Origins.Length; row++)
            {
                if (!stage.Kept[row])
                    left[stage.Origins[row]] = i + 1;
            }
        }
        return left;
    }

    private static LayerTokens[] Layers(JobPruning pruning, int layers)
    {
        if (pruning.Plan is not { } plan)
            return FlopsTokens.Uniform(pruning.Tokens, layers);
        // Stages that had nothing to do leave the count as it was.
        var counts = new double[plan.Schedule.Ratios.Count];
        var ran = 0;
        counts[0] = pruning.OriginsAfter[0].Length;
        for (var stage = 1; stage < counts.Length; stage++)
        {
            var did = ran < pruning.Selections.Count && pruning.Selections[ran].Stage == stage;
            counts[stage] = did ? pruning.OriginsAfter[++ran].Length : counts[stage - 1];
        }
        return FlopsTokens.Exact(plan.Schedule, counts);
    }
}
