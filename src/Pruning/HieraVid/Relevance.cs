namespace HieraVid.Pruning;

/// <summary>
/// Attention of the asking token, turned into relevance in about [0, 1] (HieraVid, Eq. 8; specification, A6). Float32.
/// </summary>
public static class Relevance
{
    private const float SpreadEpsilon = 1e-8f;
    private const float DppEpsilon = 1e-6f;

    /// <summary>Mean over heads.</summary>
    /// <param name="attention">[heads · n].</param>
    /// <param name="heads">At least 1.</param>
    /// <returns>[n], summed in float64 and rounded once.</returns>
    public static float[] HeadMean(ReadOnlySpan<float> attention, int heads)
    {
        var mean = new float[attention.Length / heads];
        for (var i = 0; i < mean.Length; i++)
        {
            var sum = 0.0;
            for (var h = 0; h < heads; h++)
                sum += attention[h * mean.Length + i];
            mean[i] = (float)(sum / heads);
        }
        return mean;
    }

    /// <summary>The form of the spread and top-k selections: 1e-8 added to numerator and denominator.</summary>
    /// <param name="attention">Head mean of the surviving visual tokens, [n].</param>
    /// <param name="sign">Which end counts as relevant.</param>
    /// <returns>[n]; 1 everywhere for constant attention; 0 where the attention is NaN.</returns>
    public static float[] ForSpread(ReadOnlySpan<float> attention, RelevanceSign sign)
    {
        var (rho, min, max) = Signed(attention, sign);
        for (var i = 0; i < rho.Length; i++)
            rho[i] = float.IsNaN(rho[i]) ? 0 : (rho[i] - min + SpreadEpsilon) / (max - min + SpreadEpsilon);
        return rho;
    }

    /// <summary>The form of the DPP: 1e-6 added to the numerator alone.</summary>
    /// <param name="attention">Head mean of the surviving visual tokens, [n].</param>
    /// <param name="sign">Which end counts as relevant.</param>
    /// <returns>
    /// [n]; 1 everywhere for constant attention, where the formula would divide by 0; 0 where it is NaN.
    /// </returns>
    public static float[] ForDpp(ReadOnlySpan<float> attention, RelevanceSign sign)
    {
        var (rho, min, max) = Signed(attention, sign);
        for (var i = 0; i < rho.Length; i++)
        {
            rho[i] = float.IsNaN(rho[i]) ? 0
                : max == min ? 1
                : (rho[i] - min + DppEpsilon) / (max - min);
        }
        return rho;
    }

    private static (float[] Values, float Min, float Max) Signed(ReadOnlySpan<float> attention, RelevanceSign sign)
    {
        var values = attention.ToArray();
        var (min, max) = (float.PositiveInfinity, float.NegativeInfinity);
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = sign == RelevanceSign.Negated ? -values[i] : values[i];
            // Comparisons, not Math.Min, so that NaN takes no part.
            min = values[i] < min ? values[i] : min;
            max = values[i] > max ? values[i] : max;
        }
        return (values, min, max);
    }
}
