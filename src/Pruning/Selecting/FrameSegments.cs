namespace HieraVid.Pruning;

/// <summary>
/// Cuts a video where neighbouring frames differ: FastVID's DySeg (Eqs. 1-2; specification, B2) and FlashVID's
/// segments (baselines, section 11).
/// </summary>
public static class FrameSegments
{
    /// <summary>Cosine of each frame's feature with the next frame's.</summary>
    /// <param name="features">[F·C].</param>
    /// <param name="width">C.</param>
    /// <returns>[F−1], in float64 and rounded once; NaN where a feature is zero.</returns>
    public static float[] Transitions(ReadOnlySpan<double> features, int width)
    {
        var transitions = new float[Math.Max(0, features.Length / width - 1)];
        for (var f = 0; f < transitions.Length; f++)
        {
            var x = features.Slice(f * width, width);
            var y = features.Slice((f + 1) * width, width);
            transitions[f] = (float)(Dot(x, y) / Math.Sqrt(Dot(x, x) * Dot(y, y)));
        }
        return transitions;
    }

    /// <summary>Cuts below a threshold, and where that leaves too few segments, at the least similar neighbours too.</summary>
    /// <param name="transitions">[F−1]; NaN is never a cut.</param>
    /// <param name="threshold">A cut is below it, strictly, in float32.</param>
    /// <param name="least">Fewest segments, as far as there are frames.</param>
    /// <returns>The segments in order.</returns>
    public static FrameRange[] Cut(ReadOnlySpan<float> transitions, double threshold, int least)
    {
        var cut = new bool[transitions.Length];
        foreach (var f in Ranking.Bottom(transitions, Math.Max(0, least - 1)))
            cut[f] = !float.IsNaN(transitions[f]);
        for (var f = 0; f < cut.Length; f++)
            cut[f] |= transitions[f] < (float)threshold;
        var segments = new List<FrameRange>();
        var first = 0;
        for (var f = 0; f <= cut.Length; f++)
        {
            if (f < cut.Length && !cut[f])
                continue;
            segments.Add(new FrameRange(first, f + 1 - first));
            first = f + 1;
        }
        return [.. segments];
    }

    private static double Dot(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        var sum = 0.0;
        for (var d = 0; d < x.Length; d++)
            sum += x[d] * y[d];
        return sum;
    }
}
