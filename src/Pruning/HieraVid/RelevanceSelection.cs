namespace HieraVid.Pruning;

/// <summary>Selections by relevance alone within one segment (specification, A7).</summary>
public static class RelevanceSelection
{
    /// <summary>
    /// One token per bucket: bucket b of k holds the members from ⌊b·n/k⌋ up to ⌊(b+1)·n/k⌋ and gives its most relevant
    /// one.
    /// </summary>
    /// <param name="relevance">ρ by row.</param>
    /// <param name="members">The segment's rows, ascending, [n].</param>
    /// <param name="keep">k ≤ n.</param>
    /// <returns>[k] rows, bucket after bucket and thus ascending; the first row wins a tie.</returns>
    public static int[] Spread(ReadOnlySpan<float> relevance, ReadOnlySpan<int> members, int keep)
    {
        var selected = new int[keep];
        for (var b = 0; b < keep; b++)
        {
            var bucket = Bucket(members, keep, b);
            var best = bucket[0];
            foreach (var row in bucket)
                best = relevance[row] > relevance[best] ? row : best;
            selected[b] = best;
        }
        return selected;
    }

    /// <summary>The members of one bucket of <see cref="Spread"/>; never empty.</summary>
    /// <param name="members">The segment's rows, ascending, [n].</param>
    /// <param name="keep">k ≤ n.</param>
    /// <param name="b">From 0 to k − 1.</param>
    internal static ReadOnlySpan<int> Bucket(ReadOnlySpan<int> members, int keep, int b) =>
        members[(int)((long)b * members.Length / keep)..(int)((long)(b + 1) * members.Length / keep)];

    /// <summary>The k most relevant members, the most relevant first; the lower row wins a tie.</summary>
    /// <param name="relevance">ρ by row.</param>
    /// <param name="members">The segment's rows, ascending, [n].</param>
    /// <param name="keep">k ≤ n.</param>
    /// <returns>[k] rows.</returns>
    public static int[] TopK(ReadOnlySpan<float> relevance, ReadOnlySpan<int> members, int keep)
    {
        var rows = members.ToArray();
        var keys = new (float, int)[rows.Length];
        for (var i = 0; i < rows.Length; i++)
            keys[i] = (-relevance[rows[i]], rows[i]);
        Array.Sort(keys, rows);
        return rows[..keep];
    }
}
