using HieraVid.Pruning;

namespace HieraVid.Pipeline.Running;

/// <summary>Puts together the arrays behind the HTML report. They are large, so it is done only when one is written.</summary>
internal static class ReportFacts
{
    /// <summary>
    /// Everything that the report shows, when called: all reasons for HieraVid, what left where for any other method.
    /// </summary>
    internal static Func<PruningReport> Of(
        PrefillPruning pruning, IReadOnlyList<ChunkSummary> summaries, int layers, IReadOnlyList<SegmentReport> segments) =>
        () => pruning.Plan is HieraVidPlan plan
            ? Explained(plan, pruning, summaries, layers, segments)
            : Told(pruning, layers);

    private static PruningReport Explained(
        HieraVidPlan plan, PrefillPruning pruning, IReadOnlyList<ChunkSummary> summaries, int layers,
        IReadOnlyList<SegmentReport> segments)
    {
        var trace = PruningTrace.Of(plan, summaries, pruning.Entered, [.. pruning.Selections.Cast<StageSelection>()]);
        List<PruningStageReport> stages = [new(PruningRule.Merge, null, plan.Shape.Tokens, plan.Shape.Tokens - plan.Merge.Count)];
        if (trace.Window.Length > 0)
            stages.Add(new(PruningRule.Window, null, stages[0].After, trace.Entered.Length) { Pieces = trace.Window });
        stages.AddRange(trace.Stages.Select(LayerStage));
        return Of(pruning, layers, stages, plan.Merge.Merged) with
        {
            Segments = segments,
            Unsegmented = plan.SegmentOf(plan.Shape.Tokens - 1) == HieraVidPlan.NoSegment ? plan.Shape.Tokens - 1 : -1,
            Overlap = trace.Plan.Overlap,
            OverlapThreshold = plan.Options.Beta,
            Similarity = trace.Similarity,
            MergedInto = [.. trace.MergedInto.Select((holder, token) => holder == token ? -1 : holder)],
            MergeThreshold = plan.Merge.Count > 0 ? plan.Merge.Threshold : null,
            RelevanceSign = trace.Stages.Length > 0 ? plan.Options.RelevanceSign : null,
        };
    }

    private static PruningStageReport LayerStage(StageTrace stage)
    {
        var (usesDpp, usesBuckets) = (stage.Rule == SelectionRule.Dpp, stage.Rule == SelectionRule.Spread);
        var rule = usesDpp ? PruningRule.Dpp : usesBuckets ? PruningRule.Spread : PruningRule.TopK;
        return new PruningStageReport(rule, stage.Layer, stage.Origins.Length, stage.Kept.Count(kept => kept))
        {
            Tokens = stage.Origins,
            Relevance = stage.Relevance,
            Place = stage.Place,
            Gain = usesDpp ? stage.Gain : [],
            Rank = usesDpp ? stage.Rank : [],
            Winner = usesBuckets ? stage.Winner : [],
        };
    }

    private static PruningReport Told(PrefillPruning pruning, int layers)
    {
        var (all, entered) = (pruning.Plan.Shape.Tokens, pruning.Entered.Length);
        List<PruningStageReport> stages = entered == all ? [] : [new(PruningRule.Other, null, all, entered)];
        stages.AddRange(pruning.Selections.Select(selection =>
            new PruningStageReport(PruningRule.Other, selection.Point.Layer, selection.Origins.Length, selection.Kept.Length)));
        return Of(pruning, layers, stages, merged: null);
    }

    private static PruningReport Of(
        PrefillPruning pruning, int layers, List<PruningStageReport> stages, bool[]? merged)
    {
        var shape = pruning.Plan.Shape;
        return new PruningReport
        {
            Frames = shape.Frames,
            Positions = shape.Positions,
            Columns = (int)Math.Ceiling(Math.Sqrt(shape.Positions)),
            Layers = layers,
            Stages = stages,
            LeftAt = LeftAt(pruning, stages.Count - pruning.Selections.Count, merged),
        };
    }

    // Stages at the input come first; there are two where merging alone left too much for the window.
    private static int[] LeftAt(PrefillPruning pruning, int inputStages, bool[]? merged)
    {
        var left = new int[pruning.Plan.Shape.Tokens];
        for (var token = 0; token < left.Length; token++)
            left[token] = merged is null || merged[token] ? 0 : inputStages - 1;
        foreach (var token in pruning.Entered)
            left[token] = -1;
        for (var i = 0; i < pruning.Selections.Count; i++)
        {
            foreach (var token in pruning.Selections[i].Origins)
                left[token] = inputStages + i;
            foreach (var token in pruning.Selections[i].KeptOrigins())
                left[token] = -1;
        }
        return left;
    }
}
