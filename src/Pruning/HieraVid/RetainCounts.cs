namespace HieraVid.Pruning;

/// <summary>How many tokens of a segment a stage keeps (HieraVid, Eq. 5; specification, A7).</summary>
public static class RetainCounts
{
    /// <summary>int(c · clamp(1−r + deviation·z, low, high)), each operation rounded to float32.</summary>
    /// <remarks>
    /// 1−r is formed in float64 and then rounded, as the authors' code does. Wider arithmetic gives other counts:
    /// 10 tokens at r = 0.8 and z = 0 keep 2, in float64 it would be 1.
    /// </remarks>
    /// <param name="count">The segment's surviving tokens.</param>
    /// <param name="ratio">The stage's pruned fraction r.</param>
    /// <param name="z">The segment's score.</param>
    /// <param name="options">Deviation and clamp.</param>
    public static int Of(int count, double ratio, float z, HieraVidOptions options)
    {
        // The casts pin every intermediate to float32.
        var shift = (float)((float)options.Deviation * z);
        var share = (float)((float)(1 - ratio) + shift);
        share = Math.Min(Math.Max(share, (float)options.ClampLow), (float)options.ClampHigh);
        return (int)(float)(count * share);
    }
}
