namespace HieraVid.Models.Qwen2Vl;

/// <summary>Qwen2-VL's choice of a picture size: sides are whole numbers of merged patches and the area lies within a budget
/// (models.md, section 3).</summary>
public static class SmartResize
{
    /// <summary>Sides are multiples of this in the published models: a patch of 14, merged 2 by 2.</summary>
    public const int Factor = 28;

    private const double MaxAspectRatio = 200;
    private const long MinVideoTokens = 128;
    private const long MaxVideoTokens = 768;

    /// <summary>The size for a picture, or null where the rule refuses it: a side below the factor or sides over 200 to
    /// 1.</summary>
    /// <param name="height">The picture's height.</param>
    /// <param name="width">The picture's width.</param>
    /// <param name="minPixels">Fewest pixels.</param>
    /// <param name="maxPixels">Most pixels.</param>
    /// <param name="factor">What sides are multiples of.</param>
    public static (int Height, int Width)? Size(int height, int width, long minPixels, long maxPixels, int factor = Factor)
    {
        if (Math.Min(height, width) < factor || Math.Max(height, width) / (double)Math.Min(height, width) > MaxAspectRatio)
            return null;

        double area = (double)height * width;
        double h = Math.Round(height / (double)factor, MidpointRounding.ToEven) * factor;
        double w = Math.Round(width / (double)factor, MidpointRounding.ToEven) * factor;
        if (h * w > maxPixels)
        {
            double shrink = Math.Sqrt(area / maxPixels);
            h = Math.Floor(height / shrink / factor) * factor;
            w = Math.Floor(width / shrink / factor) * factor;
        }
        else if (h * w < minPixels)
        {
            double grow = Math.Sqrt(minPixels / area);
            h = Math.Ceiling(height * grow / factor) * factor;
            w = Math.Ceiling(width * grow / factor) * factor;
        }

        return ((int)h, (int)w);
    }

    /// <summary>The pixel budget of one frame of a video: a share of the whole video's budget, within bounds.</summary>
    /// <param name="frames">Sampled frames.</param>
    /// <param name="totalPixels">The whole video's budget: 24576 * 784 in the utilities of 2024, 115200 * 784
    /// later.</param>
    /// <param name="factor">What sides are multiples of.</param>
    public static (long Min, long Max) VideoBudget(int frames, long totalPixels, int factor = Factor)
    {
        long least = MinVideoTokens * factor * factor, most = MaxVideoTokens * factor * factor;
        return (least, (long)Math.Max(Math.Min(most, (double)totalPixels / frames * 2), 1.05 * least));
    }
}
