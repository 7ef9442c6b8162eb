using System.Globalization;

namespace HieraVid.Video;

/// <summary>Which frames of a video are looked at, when they are shown, and why these.</summary>
/// <param name="FrameIndices">The frames, ascending; a frame may repeat.</param>
/// <param name="TimesSeconds">When each is shown, by the container's clock.</param>
/// <param name="ChosenBy">The rule, in words, for the answer's account of what was sampled.</param>
public sealed record SamplingPlan(int[] FrameIndices, double[] TimesSeconds, string ChosenBy)
{
    /// <summary>Number of samples.</summary>
    public int Count => FrameIndices.Length;

    /// <summary>Number of different frames; fewer than <see cref="Count"/> where more were asked than the video
    /// has.</summary>
    public int DistinctFrames => FrameIndices.Distinct().Count();

    /// <summary>The text that LLaVA-Video's prompt puts before the question, where its rule was used.</summary>
    public string? TimeInstruction { get; init; }

    /// <summary>Evenly spaced frames (<see cref="FrameSampling.Uniform"/>).</summary>
    public static SamplingPlan Uniform(VideoInfo video, int count) =>
        Of(video, FrameSampling.Uniform(video.FrameCount, count), "uniform");

    /// <summary>LLaVA-Video's rule (<see cref="FrameSampling.LlavaVideo"/>).</summary>
    public static SamplingPlan LlavaVideo(VideoInfo video, int maxFrames, bool forceSample)
    {
        var sample = FrameSampling.LlavaVideo(video.FrameCount, video.AverageFps, maxFrames, forceSample);
        return Of(video, sample.Indices, $"LLaVA-Video, at most {VideoErrors.Count(maxFrames, "frame")}") with
        {
            TimeInstruction = sample.TimeInstruction,
        };
    }

    /// <summary>Qwen-VL's rule (<see cref="FrameSampling.QwenVl"/>).</summary>
    /// <exception cref="VideoException">The video has too few frames for the rule.</exception>
    public static SamplingPlan QwenVl(VideoInfo video, QwenVlSampling options)
    {
        try
        {
            return Of(video, FrameSampling.QwenVl(video.FrameCount, video.AverageFps, options), "Qwen-VL");
        }
        catch (ArgumentOutOfRangeException)
        {
            string here = options.Frames is { } n ? $", here {n}" : "";
            string need = $"takes at least 2 and never more than there are{here}";
            throw VideoErrors.TooFewFrames(video.Path, video.FrameCount, "Qwen-VL", need);
        }
    }

    /// <summary>A fixed rate (<see cref="FrameSampling.AtFps"/>), up to the last frame that is really there.</summary>
    public static SamplingPlan AtFps(VideoInfo video, double fps) =>
        Of(video, FrameSampling.AtFps(video.TimestampsSeconds, video.FramesEndSeconds, fps),
            string.Create(CultureInfo.InvariantCulture, $"{fps:0.###} frames per second"));

    /// <summary>How many samples <see cref="AtFps"/> takes, without making the plan
    /// (<see cref="FrameSampling.CountAtFps"/>).</summary>
    public static double CountAtFps(VideoInfo video, double fps) => FrameSampling.CountAtFps(video.FramesEndSeconds, fps);

    /// <summary>The given frames.</summary>
    public static SamplingPlan Of(VideoInfo video, int[] frameIndices, string chosenBy)
    {
        for (int i = 0; i < frameIndices.Length; i++)
        {
            if (frameIndices[i] < (i == 0 ? 0 : frameIndices[i - 1]) || frameIndices[i] >= video.FrameCount)
                throw new ArgumentException("frame indices must ascend and lie in the video", nameof(frameIndices));
        }

        return new(frameIndices, Array.ConvertAll(frameIndices, i => video.TimestampsSeconds[i]), chosenBy);
    }

    /// <summary>The rule and its outcome in one line.</summary>
    public override string ToString() =>
        $"{ChosenBy}: " + (DistinctFrames < Count
            ? $"{Count} samples of {VideoErrors.Count(DistinctFrames, "different frame")}"
            : VideoErrors.Count(Count, "frame"));
}
