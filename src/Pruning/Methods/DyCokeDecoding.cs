namespace HieraVid.Pruning;

/// <summary>
/// DyCoke's decoding part: which cached tokens the deeper layers read for each new token (baselines, section 7).
/// </summary>
/// <param name="start">The first visual token in the cache.</param>
/// <param name="count">n, the visual tokens.</param>
/// <param name="dropped">P, the share of them that is not read.</param>
/// <param name="threshold">Similarity of attention below which the choice is made anew.</param>
/// <param name="reuse">Whether an unchanged attention reuses the last choice, as the paper says; else all is read.</param>
public sealed class DyCokeDecoding(int start, int count, double dropped, double threshold, bool reuse)
{
    private float[]? _before;
    private int[]? _chosen;

    /// <summary>Cosine of the last attention with the one before; 0 at the first step.</summary>
    public float Similarity { get; private set; }

    /// <summary>Whether the last step chose anew.</summary>
    public bool Updated { get; private set; }

    /// <summary>The cache positions that are read in this step, ascending.</summary>
    /// <param name="attention">The new token's attention over the whole cache, [heads · length].</param>
    /// <param name="heads">How many.</param>
    public int[] Step(ReadOnlySpan<float> attention, int heads)
    {
        var mean = Relevance.HeadMean(attention, heads);
        var (length, visual) = (mean.Length, mean[start..(start + count)]);
        Similarity = _before is null ? 0 : Cosine(visual, _before);
        Updated = Similarity < (float)threshold;
        _before = visual;
        if (Updated)
            _chosen = [.. Ranking.Top(visual, (int)(count * (1 - dropped))).Order().Select(i => start + i)];
        if (!Updated && !reuse)
            return Rows.Range(length);
        return [.. Rows.Range(start), .. _chosen!, .. Enumerable.Range(start + count, length - start - count)];
    }

    private static float Cosine(float[] x, float[] y)
    {
        double Dot(float[] a, float[] b) => a.Zip(b, (p, q) => (double)p * q).Sum();
        return (float)(Dot(x, y) / Math.Sqrt(Dot(x, x) * Dot(y, y)));
    }
}
