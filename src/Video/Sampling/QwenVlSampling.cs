namespace HieraVid.Video;

/// <summary>What Qwen-VL's rule aims for. The defaults are the published utilities'.</summary>
public sealed record QwenVlSampling
{
    private const int Pair = 2; // the tower merges frames in pairs

    /// <summary>Frames per second wanted. Not used where <see cref="Frames"/> is set.</summary>
    public double Fps { get; init; } = 2;

    /// <summary>Fewest frames, rounded up to even.</summary>
    public int MinFrames { get; init; } = 4;

    /// <summary>Most frames, rounded down to even; null: 768 or the video's own number.</summary>
    public int? MaxFrames { get; init; }

    /// <summary>An exact number of frames (rounded to even, ties to the multiple of four), or null.</summary>
    public int? Frames { get; init; }

    /// <summary>How many frames the rule takes from a video.</summary>
    /// <param name="total">Frames in the video.</param>
    /// <param name="fps">Its frames per second.</param>
    /// <exception cref="ArgumentOutOfRangeException">The video has too few frames for the rule.</exception>
    public int FrameCount(int total, double fps)
    {
        double count;
        if (Frames is { } wanted)
        {
            count = Math.Round(wanted / (double)Pair, MidpointRounding.ToEven) * Pair;
        }
        else
        {
            double min = Math.Ceiling(MinFrames / (double)Pair) * Pair;
            double max = Math.Floor((MaxFrames ?? Math.Min(768, total)) / (double)Pair) * Pair;
            count = Math.Min(Math.Min(Math.Max(total / fps * Fps, min), max), total);
            count = Math.Floor(count / Pair) * Pair;
        }

        // The reference refuses these too, although uniform sampling would repeat frames.
        if (count < Pair || count > total)
        {
            throw new ArgumentOutOfRangeException(nameof(total), total,
                $"takes {Pair} frames or more but never more than there are, and here it would take {count}");
        }

        return (int)count;
    }
}
