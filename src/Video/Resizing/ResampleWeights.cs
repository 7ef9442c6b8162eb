namespace HieraVid.Video;

/// <summary>
/// For every output position along one axis: the first input position and the weights of the inputs, in 22-bit fixed
/// point, padded to one common number of taps.
/// </summary>
internal sealed class ResampleWeights
{
    /// <summary>Fraction bits of a weight: 32 bits less 8 for the pixel and 2 for overshoot.</summary>
    public const int Bits = 22;

    private ResampleWeights(int[] first, int[] count, int[] weights, int taps) =>
        (First, Count, Weights, Taps) = (first, count, weights, taps);

    /// <summary>First input of each output.</summary>
    public int[] First { get; }

    /// <summary>How many inputs each output has.</summary>
    public int[] Count { get; }

    /// <summary>The weights; those of output i begin at i * <see cref="Taps"/>.</summary>
    public int[] Weights { get; }

    /// <summary>Most inputs of any output, rounded up to whole fours; the weights beyond an output's own are 0.</summary>
    public int Taps { get; }

    /// <summary>The weights for one pair of sizes.</summary>
    public static ResampleWeights Create(int input, int output, Resample resample)
    {
        double ratio = (double)input / output;
        double scale = Math.Max(ratio, 1);
        double support = scale * (resample == Resample.Bicubic ? 2 : 1);
        int[] first = new int[output], count = new int[output];
        for (int i = 0; i < output; i++)
        {
            double centre = (i + 0.5) * ratio;
            first[i] = Math.Max(0, (int)(centre - support + 0.5));
            count[i] = Math.Min(input, (int)(centre + support + 0.5)) - first[i];
        }

        int taps = (count.Max() + 3) / 4 * 4;
        int[] weights = new int[output * taps];
        double[] exact = new double[taps];
        double inverse = 1 / scale;
        for (int i = 0; i < output; i++)
        {
            double centre = (i + 0.5) * ratio;
            double sum = 0;
            for (int k = 0; k < count[i]; k++)
            {
                exact[k] = Kernel((k + first[i] - centre + 0.5) * inverse, resample);
                sum += exact[k];
            }

            for (int k = 0; k < count[i]; k++)
            {
                double w = (sum != 0 ? exact[k] / sum : exact[k]) * (1 << Bits);
                weights[i * taps + k] = (int)(w < 0 ? w - 0.5 : w + 0.5);
            }
        }

        return new(first, count, weights, taps);
    }

    private static double Kernel(double x, Resample resample)
    {
        const double A = -0.5; // a = -0.75, the other common choice, moves normalized pixels by 0.1 to 0.2
        x = Math.Abs(x);
        if (resample == Resample.Bilinear)
            return x < 1 ? 1 - x : 0;
        if (x < 1)
            return ((A + 2) * x - (A + 3)) * x * x + 1;
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
    }
}
