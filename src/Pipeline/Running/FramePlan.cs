using HieraVid.Models;
using HieraVid.Pipeline.Jobs;
using HieraVid.Video;

namespace HieraVid.Pipeline.Running;

/// <summary>Turns what the user asked to see into the frames of one video.</summary>
internal static class FramePlan
{
    private const int MostTimes = 128;

    /// <summary>Chooses the frames, within the model's window.</summary>
    /// <param name="video">The video.</param>
    /// <param name="request">The job.</param>
    /// <param name="model">Knows its authors' rule, which holds where the user says nothing, and by which frames are spaced.</param>
    /// <param name="budget">How many frames fit.</param>
    /// <param name="limits">Ceilings on what a video may cost.</param>
    /// <param name="notes">Gets what the reader of the answer must know about the choice.</param>
    /// <exception cref="JobException">The video has fewer frames than asked for, or they do not fit the window.</exception>
    internal static SamplingPlan Choose(
        VideoInfo video, JobRequest request, VideoModelConfig model, FrameBudget budget, VideoLimits limits, ICollection<string> notes)
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
                    $"--fps {fps} of {video.FramesEndSeconds:0} s is {count:N0} frames of {budget.TokensPerFrame(count)} tokens and at most {limits.Samples:N0} frames are taken: take at most --fps {Math.Floor(limits.Samples / video.FramesEndSeconds * 1000) / 1000:0.###}."));
            }
            var plan = SamplingPlan.AtFps(video, fps);
            budget.Check(plan.Count);
            if (plan.DistinctFrames < plan.Count)
                notes.Add($"The video has fewer frames per second than asked for: {plan.Count} samples show {Frames(plan.DistinctFrames)}.");
            return model.TellsTimes ? WithTimes(video, plan, notes) : plan;
        }
        if (asked.Frames is { } frames && frames > video.FrameCount)
        {
            throw JobException.Bad($"--frames {frames} is more than {request.VideoPath} has ({Frames(video.FrameCount)}): "
                + $"take {video.FrameCount} or fewer.");
        }
        var least = model.FrameRule == FrameRule.Uniform ? model.DefaultFrames : 2;
        if (asked.Frames is null && video.FrameCount < least)
        {
            notes.Add(video.FrameCount == 1
                ? "The video has only 1 frame; the answer is about a still picture."
                : $"The video has only {video.FrameCount} frames; all were taken.");
        }
        var chosen = ByRule(video, asked.Frames, model);
        budget.Check(chosen.Count);
        if (asked.Frames is { } wanted && chosen.Count != wanted)
            notes.Add($"The model takes frames in pairs: {Frames(chosen.Count)} were taken where {wanted} were asked for.");
        else if (asked.Frames is null && chosen.DistinctFrames < chosen.Count)
            notes.Add($"The model's rule takes {chosen.Count} samples, and they show {Frames(chosen.DistinctFrames)}.");
        return chosen;
    }

    private static SamplingPlan ByRule(VideoInfo video, int? frames, VideoModelConfig model) => model.FrameRule switch
    {
        FrameRule.OnePerSecond when frames is { } count => Timed(SamplingPlan.LlavaVideo(video, count, forceSample: true), model),
        FrameRule.OnePerSecond => Timed(SamplingPlan.LlavaVideo(video, model.DefaultFrames, model.ForcesDefaultFrames), model),
        // A still picture has no pairs: its frame stands for two.
        FrameRule.Pairs when frames != 1 && video.FrameCount > 1 =>
            SamplingPlan.QwenVl(video, new QwenVlSampling { Frames = frames, MaxFrames = Math.Min(model.DefaultFrames, video.FrameCount) }),
        _ => SamplingPlan.Uniform(video, frames ?? Math.Min(model.DefaultFrames, video.FrameCount)),
    };

    private static SamplingPlan Timed(SamplingPlan plan, VideoModelConfig model) =>
        model.TellsTimes ? plan : plan with { TimeInstruction = null };

    // The times of an hour's frames would be most of the window, and the model was trained with some hundred at most.
    private static SamplingPlan WithTimes(VideoInfo video, SamplingPlan plan, ICollection<string> notes)
    {
        if (plan.Count > MostTimes)
        {
            notes.Add($"The prompt does not list the times of {plan.Count} frames: the model was trained with at most {MostTimes}.");
            return plan;
        }
        return plan with { TimeInstruction = LlavaVideoSample.Of(plan.FrameIndices, video.FrameCount, video.AverageFps).TimeInstruction };
    }

    private static string Frames(int count) => count == 1 ? "1 frame" : $"{count} frames";
}
