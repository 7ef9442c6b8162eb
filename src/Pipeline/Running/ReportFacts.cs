using HieraVid.Pruning;

namespace HieraVid.Pipeline.Running;

/// <summary>Puts together the arrays behind the HTML report. They are large, so nobody else has them made.</summary>
internal static class ReportFacts
{
    /// <summary>Everything that the report shows; null for a method that cannot explain itself.</summary>
    internal static PruningReport? Of(
        PrefillPruning pruning, IReadOnlyList<ChunkSummary> summaries, double budget, int layers,
        IReadOnlyList<SegmentReport> segments)
    {
        if (pruning.Plan is not HieraVidPlan plan)
            return null;
        var trace = PruningTrace.Of(plan, summaries, pruning.Entered, [.. pruning.Selections.Cast<StageSelection>()]);
        return new PruningReport
        {
            Method = PruningMethods.HieraVid,
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

    private static PruningStageReport MergeStage(PrefillPruning pruning) =>
        new("merge", 0, pruning.Plan.Shape.Tokens, pruning.Entered.Length, [], [], []);

    private static PruningStageReport LayerStage(PrefillPruning pruning, PruningTrace trace, StageTrace stage, int i)
    {
        var usesDpp = stage.Gain.Any(gain => !float.IsNaN(gain));
        var name = usesDpp ? "dpp" : "relevance";
        return new PruningStageReport(name, trace.Layers[stage.Stage - 1], stage.Origins.Length, pruning.Selections[i].Kept.Length,
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
        foreach (var token in trace.Entered)
            left[token] = -1;
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
}
