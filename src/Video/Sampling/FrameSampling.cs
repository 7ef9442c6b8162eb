namespace HieraVid.Video;

/// <summary>
/// The rules by which the models' own code picks frames, number for number: an answer can only be compared with a
/// published one if the model saw the same frames.
/// </summary>
public static class FrameSampling
{
    // Container clocks tick in thousandths or finer; a frame meant for time t may be stamped a hair later.
    private const double Hair = 1e-6;

    /// <summary>
    /// Evenly spaced frames including the first and the last. More frames than the video has are allowed: some repeat.
    /// </summary>
    /// <param name="total">Frames in the video.</param>
    /// <param name="count">Frames wanted.</param>
    public static int[] Uniform(int total, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(total, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        int[] indices = new int[count];
        // The quotient is rounded to double before the product, as the reference does; exact integer arithmetic differs
        // for about one pair of (total, count) in a hundred.
        double step = count > 1 ? (total - 1) / (double)(count - 1) : 0;
        for (int i = 0; i < count; i++)
            indices[i] = (int)(i * step);
        if (count > 1)
            indices[^1] = total - 1;
        return indices;
    }

    /// <summary>LLaVA-Video's rule: one frame per second, or uniform where that gives too many or is asked
    /// for.</summary>
    /// <param name="total">Frames in the video.</param>
    /// <param name="averageFps">Average frames per second.</param>
    /// <param name="maxFrames">Most frames wanted.</param>
    /// <param name="forceSample">Always take exactly <paramref name="maxFrames"/> frames.</param>
    public static LlavaVideoSample LlavaVideo(int total, double averageFps, int maxFrames, bool forceSample)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(total, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxFrames, 1);
        if (!(averageFps > 0) || double.IsInfinity(averageFps))
            throw new ArgumentOutOfRangeException(nameof(averageFps), averageFps, "must be positive");

        int step = (int)Math.Min(Math.Round(averageFps, MidpointRounding.ToEven), int.MaxValue);
        double unit = step;
        if (step == 0)
        {
            // At half a frame per second or slower the reference divides by zero: take every frame, at its own time.
            step = 1;
            unit = averageFps;
        }

        int count = (int)(((long)total + step - 1) / step);
        int[] indices = new int[Math.Min(count, maxFrames)];
        if (count > maxFrames || forceSample)
        {
            indices = Uniform(total, maxFrames);
            unit = averageFps;
        }
        else
        {
            for (int i = 0; i < indices.Length; i++)
                indices[i] = i * step;
        }

        return new(indices, Array.ConvertAll(indices, i => i / unit), total / averageFps);
    }

    /// <summary>Qwen-VL's rule: a target rate, clamped, an even number of frames, evenly spaced.</summary>
    /// <param name="total">Frames in the video.</param>
    /// <param name="fps">Average frames per second of the video.</param>
    /// <param name="options">What to aim for.</param>
    /// <exception cref="ArgumentOutOfRangeException">The video has too few frames for the rule.</exception>
    public static int[] QwenVl(int total, double fps, QwenVlSampling options)
    {
        int count = options.FrameCount(total, fps);
        int[] indices = new int[count];
        // A float32 linspace: its first half counts up from the start, its second half down from the end.
        float last = total - 1;
        float step = last / (count - 1);
        for (int i = 0; i < count; i++)
        {
            float at = i < count / 2 ? step * i : last - step * (count - 1 - i);
            indices[i] = (int)MathF.Round(at, MidpointRounding.ToEven);
        }

        return indices;
    }

    /// <summary>
    /// A fixed rate: for each time k/fps before the end the frame that is on screen then (the last one not later), and
    /// the
    /// first frame at time 0. Works on true timestamps, so it is right for variable frame rates; frames repeat where
    /// the
    /// rate is above the video's.
    /// </summary>
    /// <param name="timestampsSeconds">When each frame is shown, in order.</param>
    /// <param name="durationSeconds">When the video ends.</param>
    /// <param name="fps">Frames wanted per second.</param>
    public static int[] AtFps(ReadOnlySpan<double> timestampsSeconds, double durationSeconds, double fps)
    {
        ArgumentOutOfRangeException.ThrowIfZero(timestampsSeconds.Length, nameof(timestampsSeconds));

        // Far above any plan's ceiling; it only keeps an absurd rate from filling the memory before the ceiling is checked.
        const double MaxSamples = 10_000_000;
        double count = CountAtFps(durationSeconds, fps);
        if (!(count <= MaxSamples))
            throw new ArgumentOutOfRangeException(nameof(fps), fps, $"gives more than {MaxSamples} samples");

        int[] indices = new int[(int)count];
        int shown = 0;
        for (int k = 1; k < indices.Length; k++)
        {
            while (shown + 1 < timestampsSeconds.Length && timestampsSeconds[shown + 1] <= k / fps + Hair)
                shown++;
            indices[k] = shown;
        }

        return indices;
    }

    /// <summary>
    /// How many samples <see cref="AtFps"/> takes, however many that would be: the times k/fps before the end, at least one. A
    /// double, as an absurd rate can give more than any integer holds.
    /// </summary>
    /// <param name="durationSeconds">When the video ends.</param>
    /// <param name="fps">Frames wanted per second.</param>
    public static double CountAtFps(double durationSeconds, double fps)
    {
        if (!(fps > 0) || double.IsInfinity(fps))
            throw new ArgumentOutOfRangeException(nameof(fps), fps, "must be positive");
        double end = durationSeconds - Hair;
        double count = Math.Ceiling(end * fps);
        // The product may be rounded across a whole number; k/fps decides.
        if ((count - 1) / fps >= end)
            count--;
        else if (count / fps < end && count + 1 > count)
            count++;
        return Math.Max(1, count);
    }
}
