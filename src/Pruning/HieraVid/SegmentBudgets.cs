namespace HieraVid.Pruning;

/// <summary>
/// How much each segment deserves: like what came before, unlike what follows (HieraVid, Eq. 4; specification, A4).
/// </summary>
/// <remarks>
/// Everything is float64 and summed in frame order; only the scores are rounded to float32. Narrower sums would turn
/// equal segments into noise, because the z-score divides by their spread.
/// </remarks>
public static class SegmentBudgets
{
    private const double Epsilon = 1e-8;

    /// <summary>The mean token of each segment, before any merging.</summary>
    /// <param name="frameSums">Σx of each frame, [F·D].</param>
    /// <param name="tokensOfFrame">How many tokens each sum holds, [F].</param>
    /// <param name="segmentOfFrame">[F].</param>
    /// <returns>[S][D].</returns>
    public static double[][] Means(
        ReadOnlySpan<double> frameSums, ReadOnlySpan<int> tokensOfFrame, ReadOnlySpan<int> segmentOfFrame)
    {
        var width = frameSums.Length / segmentOfFrame.Length;
        var means = new double[segmentOfFrame[^1] + 1][];
        for (var f = 0; f < segmentOfFrame.Length;)
        {
            var segment = segmentOfFrame[f];
            var (sum, count) = (new double[width], 0);
            for (; f < segmentOfFrame.Length && segmentOfFrame[f] == segment; f++)
            {
                Add(sum, frameSums.Slice(f * width, width));
                count += tokensOfFrame[f];
            }
            for (var d = 0; d < width; d++)
                sum[d] /= count;
            means[segment] = sum;
        }
        return means;
    }

    /// <summary>α · cos(m_s, mean of earlier means) + (1−α) · (1 − cos(m_s, mean of later means)).</summary>
    /// <param name="means">[S][D].</param>
    /// <param name="alpha">α.</param>
    /// <returns>[S]. A missing side, a zero mean and a mean that is not finite count as cosine 0.</returns>
    public static double[] Raw(IReadOnlyList<double[]> means, double alpha)
    {
        var raw = new double[means.Count];
        var side = new double[means[0].Length];
        for (var s = 0; s < raw.Length; s++)
        {
            raw[s] = alpha * (s == 0 ? 0 : Cosine(means[s], side, s));
            Add(side, means[s]);
        }
        Array.Clear(side);
        for (var s = raw.Length - 1; s >= 0; s--)
        {
            raw[s] += (1 - alpha) * (1 - (s == raw.Length - 1 ? 0 : Cosine(means[s], side, raw.Length - 1 - s)));
            Add(side, means[s]);
        }
        return raw;
    }

    /// <summary>Scores in standard deviations from their mean: population deviation, 1e-8 added to it.</summary>
    /// <param name="raw">[S].</param>
    /// <returns>[S] in float32; 0 for a single segment.</returns>
    public static float[] ZScores(ReadOnlySpan<double> raw)
    {
        var (mean, variance) = (0.0, 0.0);
        foreach (var value in raw)
            mean += value;
        mean /= raw.Length;
        foreach (var value in raw)
            variance += (value - mean) * (value - mean);
        var deviation = Math.Sqrt(variance / raw.Length) + Epsilon;
        var z = new float[raw.Length];
        for (var s = 0; s < z.Length; s++)
            z[s] = (float)((raw[s] - mean) / deviation);
        return z;
    }

    // cos(x, sum / count). The cosine is that with the sum itself; only its guard must be scaled.
    private static double Cosine(ReadOnlySpan<double> x, ReadOnlySpan<double> sum, int count)
    {
        var (dot, xx, yy) = (0.0, 0.0, 0.0);
        for (var d = 0; d < x.Length; d++)
        {
            dot += x[d] * sum[d];
            xx += x[d] * x[d];
            yy += sum[d] * sum[d];
        }
        var cosine = dot / Math.Max(Math.Sqrt(xx) * Math.Sqrt(yy), Epsilon * count);
        // A token that is not finite must not make every score, and with them every count, meaningless.
        return double.IsFinite(cosine) ? cosine : 0;
    }

    private static void Add(Span<double> sum, ReadOnlySpan<double> x)
    {
        for (var d = 0; d < sum.Length; d++)
            sum[d] += x[d];
    }
}
