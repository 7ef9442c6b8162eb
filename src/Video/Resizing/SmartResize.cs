namespace HieraVid.Video;

/// <summary>Qwen2-VL's choice of a picture size: sides are multiples of 28 and the area lies within a budget.</summary>
public static class SmartResize
{
    /// <summary>Sides are multiples of this: a patch of 14, merged 2 by 2.</summary>
    public const int Factor = 28;

    private const double MaxAspectRatio = 200;
    private const long MinVideoPixels = 128 * Factor * Factor;
    private const long MaxVideoPixels = 768 * Factor * Factor;

    /// <summary>The size for a picture, or null where the rule refuses it: a side below 28 or sides over 200 to
    /// 1.</summary>
    /// <param name="height">The picture's height.</param>
    /// <param name="width">The picture's width.</param>
    /// <param name="minPixels">Fewest pixels.</param>
    /// <param name="maxPixels">Most pixels.</param>
    public static (int Height, int Width)? Size(int height, int width, long minPixels, long maxPixels)
    {
        if (Math.Min(height, width) < Factor || Math.Max(height, width) / (double)Math.Min(height, width) > MaxAspectRatio)
            return null;

        double area = (double)height * width;
        double h = Math.Round(height / (double)Factor, MidpointRounding.ToEven) * Factor;
        double w = Math.Round(width / (double)Factor, MidpointRounding.ToEven) * Factor;
        if (h * w > maxPixels)
        {
            double shrink = Math.Sqrt(area / maxPixels);
            h = Math.Floor(height / shrink / Factor) * Factor;
            w = Math.Floor(width / shrink / Factor) * Factor;
        }
        else if (h * w < minPixels)
        {
            double grow = Math.Sqrt(minPixels / area);
            h = Math.Ceiling(height * grow / Factor) * Factor;
            w = Math.Ceiling(width * grow / Factor) * Factor;
        }

        return ((int)h, (int)w);
    }

    /// <summary>The pixel budget of one frame of a video: a share of the whole video's budget, within bounds.</summary>
    /// <param name="frames">Sampled frames.</param>
    /// <param name="totalPixels">The whole video's budget: 24576 * 784 in the utilities of 2024, 115200 * 784
    /// later.</param>
    public static (long Min, long Max) VideoBudget(int frames, long totalPixels) =>
        (MinVideoPixels, (long)Math.Max(Math.Min(MaxVideoPixels, (double)totalPixels / frames * 2), 1.05 * MinVideoPixels));
}
