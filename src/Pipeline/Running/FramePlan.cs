using HieraVid.Pipeline.Jobs;
using HieraVid.Video;

namespace HieraVid.Pipeline.Running;

/// <summary>Turns what the user asked to see into the frames of one video.</summary>
internal static class FramePlan
{
    /// <summary>Chooses the frames, within the model's window.</summary>
    /// <param name="video">The video.</param>
    /// <param name="request">The job.</param>
    /// <param name="budget">How many frames fit.</param>
    /// <param name="limits">Ceilings on what a video may cost.</param>
    /// <param name="notes">Gets what the reader of the answer must know about the choice.</param>
    /// <exception cref="JobException">The video has fewer frames than asked for, or they do not fit the window.</exception>
    internal static SamplingPlan Choose(VideoInfo video, JobRequest request, FrameBudget budget, VideoLimits limits, ICollection<string> notes)
    {
        var asked = request.Sampling;
        if (asked.Fps is { } fps)
        {
            // Counted before the list is made: an absurd rate must not use up the memory first.
            var count = Math.Max(1, Math.Floor(video.FramesEndSeconds * fps));
            budget.Check(count);
            if (count > limits.Samples)
            {
                throw JobException.Bad(FormattableString.Invariant(
                    $"--fps {fps} of {video.FramesEndSeconds:0} s is {count:N0} frames of {budget.TokensPerFrame} tokens and at most {limits.Samples:N0} frames are taken: take at most --fps {Math.Floor(limits.Samples / video.FramesEndSeconds * 1000) / 1000:0.###}."));
            }
            var plan = SamplingPlan.AtFps(video, fps);
            budget.Check(plan.Count);
            if (plan.DistinctFrames < plan.Count)
                notes.Add($"The video has fewer frames per second than asked for: {plan.Count} samples show {Frames(plan.DistinctFrames)}.");
            return plan;
        }
        if (asked.Frames is { } frames && frames > video.FrameCount)
        {
            throw JobException.Bad($"--frames {frames} is more than {request.VideoPath} has ({Frames(video.FrameCount)}): "
                + $"take {video.FrameCount} or fewer.");
        }
        if (asked.Frames is null && video.FrameCount < SamplingRequest.DefaultFrames)
        {
            notes.Add(video.FrameCount == 1
                ? "The video has only 1 frame; the answer is about a still picture."
                : $"The video has only {video.FrameCount} frames; all were taken.");
        }
        var frameCount = asked.Frames ?? Math.Min(SamplingRequest.DefaultFrames, video.FrameCount);
        budget.Check(frameCount);
        return SamplingPlan.Uniform(video, frameCount);
    }

    private static string Frames(int count) => count == 1 ? "1 frame" : $"{count} frames";
}
