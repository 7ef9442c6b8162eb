namespace HieraVid.Video;

/// <summary>
/// For every output position along one axis: the first input position and the weights of the inputs, in 22-bit fixed
/// point, padded to one common number of taps.
/// </summary>
internal sealed class ResampleWeights
{
    /// <summary>Fraction bits of a weight: 32 bits less 8 for the pixel and 2 for overshoot.</summary>
    public const int Bits = 22;

    private ResampleWeights(int[] first, int[] count, int[] weights, int taps)
    {
        (First, Count, Weights, Taps) = (first, count, weights, taps);
        Groups = (count.Max() + 3) / 4;
        Spread = new int[count.Length * Groups * 16];
        for (int i = 0; i < count.Length; i++)
        {
            for (int k = 0; k < count[i]; k++)
                Spread.AsSpan((i * Groups * 4 + k) * 4, 4).Fill(weights[i * taps + k]);
        }
    }

    /// <summary>First input of each output.</summary>
    public int[] First { get; }

    /// <summary>How many inputs each output has.</summary>
    public int[] Count { get; }

    /// <summary>The weights; those of output i begin at i * <see cref="Taps"/>.</summary>
    public int[] Weights { get; }

    /// <summary>How far apart the weights of two outputs begin.</summary>
    public int Taps { get; }

    /// <summary>Groups of four inputs that each output has, counting inputs of weight 0.</summary>
    public int Groups { get; }

    /// <summary>The weights once more, each four times in a row, those of output i at 16 * <see cref="Groups"/> * i.</summary>
    public int[] Spread { get; }

    /// <summary>The weights for one pair of sizes.</summary>
    public static ResampleWeights Create(int input, int output, Resample resample)
    {
        double ratio = (double)input / output;
        double scale = Math.Max(ratio, 1);
        double support = scale * (resample == Resample.Bicubic ? 2 : 1);
        int taps = (int)Math.Ceiling(support) * 2 + 1;
        int[] first = new int[output], count = new int[output], weights = new int[output * taps];
        double[] exact = new double[taps];
        double inverse = 1 / scale;
        for (int i = 0; i < output; i++)
        {
            double centre = (i + 0.5) * ratio;
            int low = Math.Max(0, (int)(centre - support + 0.5));
            int n = Math.Min(input, (int)(centre + support + 0.5)) - low;
            double sum = 0;
            for (int k = 0; k < n; k++)
            {
                exact[k] = Kernel((k + low - centre + 0.5) * inverse, resample);
                sum += exact[k];
            }

            for (int k = 0; k < n; k++)
            {
                double w = (sum != 0 ? exact[k] / sum : exact[k]) * (1 << Bits);
                weights[i * taps + k] = (int)(w < 0 ? w - 0.5 : w + 0.5);
            }

            (first[i], count[i]) = (low, n);
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
