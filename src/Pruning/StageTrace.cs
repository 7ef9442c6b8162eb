namespace HieraVid.Pruning;

/// <summary>One stage inside the model, by token present before it.</summary>
/// <param name="Layer">The layer inside which it prunes.</param>
/// <param name="Rule">How it selected.</param>
/// <param name="Origins">Original indices, ascending, [n].</param>
/// <param name="Kept">[n].</param>
/// <param name="Relevance">ρ, [n]; empty if the stage selected nothing.</param>
/// <param name="Place">
/// Place by relevance among its segment's tokens, from 0 for the most relevant, ties by index, [n]; −1 for a token
/// without a segment. Every token has one, picked or not.
/// </param>
/// <param name="Rank">Place in the segment's order of selection, [n]; −1 where not selected.</param>
/// <param name="Gain">
/// d² when a DPP selected it, 0 where it filled a place, [n]; NaN where not selected or where no DPP ran.
/// </param>
/// <param name="Winner">
/// The token (original index) that its bucket of neighbours kept, itself if it was that one, [n]; −1 where the rule has
/// no buckets or the segment kept nothing.
/// </param>
/// <param name="Quotas">Of the segments present, by id.</param>
public sealed record StageTrace(
    int Layer, SelectionRule Rule, int[] Origins, bool[] Kept, float[] Relevance, int[] Place, int[] Rank, float[] Gain,
    int[] Winner, SegmentQuota[] Quotas)
{
    /// <summary>From a stage's result.</summary>
    /// <param name="selection">The result.</param>
    /// <param name="options">The options that it was made with.</param>
    public static StageTrace Of(StageSelection selection, HieraVidOptions options)
    {
        var n = selection.Origins.Length;
        var trace = new StageTrace(selection.Point.Layer, options.SelectionAt(selection.Stage), selection.Origins,
            new bool[n], selection.Relevance, Filled(n, -1), Filled(n, -1), Filled(n, float.NaN), Filled(n, -1),
            selection.Quotas);
        foreach (var row in selection.Kept)
            trace.Kept[row] = true;
        // Segments are consecutive frames, and rows ascend: each segment's rows stand together.
        var (first, place) = (0, 0);
        foreach (var quota in selection.Quotas)
        {
            trace.Fill(first, quota.Count, selection.Order.AsSpan(place, quota.Keep),
                selection.Gain.Length == 0 ? [] : selection.Gain.AsSpan(place, quota.Keep));
            (first, place) = (first + quota.Count, place + quota.Keep);
        }
        return trace;
    }

    private void Fill(int first, int count, ReadOnlySpan<int> order, ReadOnlySpan<float> gain)
    {
        int[] rows = [.. Enumerable.Range(first, count)];
        var byRelevance = RelevanceSelection.TopK(Relevance, rows, count);
        for (var i = 0; i < count; i++)
            Place[byRelevance[i]] = i;
        for (var i = 0; i < order.Length; i++)
        {
            Rank[order[i]] = i;
            if (gain.Length > 0)
                Gain[order[i]] = gain[i];
            if (Rule != SelectionRule.Spread)
                continue;
            foreach (var row in RelevanceSelection.Bucket(rows, order.Length, i))
                Winner[row] = Origins[order[i]];
        }
    }

    private static T[] Filled<T>(int length, T value)
    {
        var array = new T[length];
        Array.Fill(array, value);
        return array;
    }
}
