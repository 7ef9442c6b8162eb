using HieraVid.Pruning.Dpp;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>One pruning inside the model (HieraVid, Eqs. 5-10; specification, A6-A8).</summary>
internal static class LayerStage
{
    internal static StageSelection Prune(
        HieraVidPlan plan, int stage, ReadOnlySpan<int> origins, Tensor hidden, Tensor attention)
    {
        if (stage < 1 || stage >= plan.Schedule.Ratios.Count)
            throw PruningException.OutOfRange("stage", stage, $"from 1 to {plan.Schedule.Ratios.Count - 1}");
        var ratio = plan.Schedule.Ratios[stage];
        var point = new LayerPoint(plan.Schedule.Layers[stage - 1], LayerPlace.AfterAttention);
        if (ratio == 0)
            return new StageSelection(stage, point, origins.ToArray(), Rows(origins.Length), [], [], [], []);

        var selects = plan.Options.SelectionAt(stage);
        var members = Members(plan, origins);
        var relevance = RelevanceOf(plan, origins, HeadMean(attention, origins.Length), selects);
        var quotas = members
            .Select(segment => new SegmentQuota(segment.Key, segment.Value.Length,
                RetainCounts.Of(segment.Value.Length, ratio, plan.Segments[segment.Key].Z, plan.Options)))
            .ToArray();
        var (order, gain) = selects == SelectionRule.Dpp
            ? SelectByDpp(hidden, relevance, members, quotas)
            : (SelectByRelevance(selects, relevance, members, quotas), []);
        return new StageSelection(stage, point, origins.ToArray(), [.. order.Order()], relevance, quotas, order, gain);
    }

    private static SortedDictionary<int, int[]> Members(HieraVidPlan plan, ReadOnlySpan<int> origins)
    {
        var lists = new SortedDictionary<int, List<int>>();
        for (var row = 0; row < origins.Length; row++)
        {
            var segment = plan.SegmentOf(origins[row]);
            if (segment == HieraVidPlan.NoSegment)
                continue;
            if (!lists.TryGetValue(segment, out var rows))
                lists.Add(segment, rows = []);
            rows.Add(row);
        }
        return new(lists.ToDictionary(list => list.Key, list => list.Value.ToArray()));
    }

    private static float[] RelevanceOf(
        HieraVidPlan plan, ReadOnlySpan<int> origins, float[] attention, SelectionRule selects)
    {
        // NaN keeps a token without segment out of the min-max.
        for (var row = 0; row < origins.Length; row++)
            attention[row] = plan.SegmentOf(origins[row]) == HieraVidPlan.NoSegment ? float.NaN : attention[row];
        return selects == SelectionRule.Dpp
            ? Relevance.ForDpp(attention, plan.Options.RelevanceSign)
            : Relevance.ForSpread(attention, plan.Options.RelevanceSign);
    }

    private static float[] HeadMean(Tensor attention, int tokens)
    {
        var shape = attention.shape;
        if (shape.Length is not (1 or 2) || shape[^1] != tokens)
            throw PruningException.WrongShape("attention rows", $"[heads, {tokens}]", $"[{string.Join(", ", shape)}]");
        return Relevance.HeadMean(attention.ToArray<float>(), shape.Length == 1 ? 1 : (int)shape[0]);
    }

    private static int[] SelectByRelevance(
        SelectionRule selects, float[] relevance, SortedDictionary<int, int[]> members, SegmentQuota[] quotas) =>
    [
        .. quotas.SelectMany(quota => selects == SelectionRule.Spread
            ? RelevanceSelection.Spread(relevance, members[quota.Segment], quota.Keep)
            : RelevanceSelection.TopK(relevance, members[quota.Segment], quota.Keep)),
    ];

    private static (int[] Order, float[] Gain) SelectByDpp(
        Tensor hidden, float[] relevance, SortedDictionary<int, int[]> members, SegmentQuota[] quotas)
    {
        if (hidden.ndim != 2 || hidden.shape[0] != relevance.Length)
        {
            throw PruningException.WrongShape(
                "hidden states", $"[{relevance.Length}, width]", $"[{string.Join(", ", hidden.shape)}]");
        }
        List<DppSegment> segments =
        [
            .. quotas.Where(quota => quota.Keep > 0)
                .Select(quota => new DppSegment(members[quota.Segment], quota.Keep)),
        ];
        var selections = segments.Count == 0 ? [] : SegmentDpp.Select(hidden, relevance, segments);
        return (
            [.. selections.SelectMany(selection => selection.Order)],
            [.. selections.SelectMany(selection => selection.Gain)]);
    }

    private static int[] Rows(int count) => [.. Enumerable.Range(0, count)];
}
