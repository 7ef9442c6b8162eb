using System.Runtime.CompilerServices;

namespace HieraVid.Video;

/// <summary>Decodes the frames of a plan, in order, in batches.</summary>
public static class FrameDecoder
{
    /// <summary>
    /// Decodes the planned frames with one FFmpeg process. Pictures are turned upright as the file says and then
    /// resized;
    /// non-square pixels are delivered as stored, as the models' reference loaders do (the resize to the model's size
    /// changes the aspect ratio anyway). While the caller works on one batch the next is being decoded; no third
    /// exists.
    /// </summary>
    /// <param name="video">The probed video.</param>
    /// <param name="plan">The frames.</param>
    /// <param name="target">The size to resize to.</param>
    /// <param name="batchFrames">Samples per batch; the last one may have fewer.</param>
    /// <param name="limits">The ceilings.</param>
    /// <param name="onMissing">
    /// Null: a video that can't be decoded to the plan's end is an error. Otherwise the batches end early, and this is
    /// called once, before they end, with what is missing.
    /// </param>
    /// <param name="cancel">Kills the process.</param>
    /// <exception cref="VideoException">The video is damaged or costs more than the ceilings allow.</exception>
    public static IAsyncEnumerable<FrameBatch> DecodeAsync(VideoInfo video, SamplingPlan plan, FrameSize target,
        int batchFrames, VideoLimits limits, Action<MissingFrames>? onMissing = null,
        CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchFrames, 1);
        ArgumentOutOfRangeException.ThrowIfZero(plan.Count, nameof(plan));
        if ((long)batchFrames * target.Width * target.Height * 3 > Array.MaxLength)
            throw new ArgumentOutOfRangeException(nameof(batchFrames), batchFrames, "gives batches of over 2 GiB");
        if (plan.Count > limits.Samples)
        {
            throw VideoErrors.OverLimit(video.Path, "a sampling plan of", $"{plan.Count} samples", $"{limits.Samples}",
                nameof(VideoLimits.Samples));
        }

        if (video.IsTruncated && onMissing is null)
            throw VideoErrors.CutOff(video.Path, video.FramesEndSeconds, video.DurationSeconds);
        long bytes = (long)plan.DistinctFrames * video.Width * video.Height * 3;
        if (bytes > limits.DecodedBytes)
        {
            throw VideoErrors.OverLimit(video.Path, "sampled frames that decode to", $"{bytes >> 20} MiB",
                $"{limits.DecodedBytes >> 20} MiB", nameof(VideoLimits.DecodedBytes));
        }

        return BatchesAsync(video, plan, target, batchFrames, limits, onMissing, cancel);
    }

    private static async IAsyncEnumerable<FrameBatch> BatchesAsync(VideoInfo video, SamplingPlan plan, FrameSize target,
        int batchFrames, VideoLimits limits, Action<MissingFrames>? onMissing,
        [EnumeratorCancellation] CancellationToken cancel)
    {
        await using var frames = PlannedFrames.Start(video, plan, limits, cancel);
        var batches = new BatchReader(video, plan, target, batchFrames, frames, onMissing);
        var next = Task.Run(batches.ReadAsync, CancellationToken.None);
        try
        {
            while (await next.ConfigureAwait(false) is { } batch)
            {
                next = Task.Run(batches.ReadAsync, CancellationToken.None);
                yield return batch;
            }
        }
        finally
        {
            // The caller may leave early; the reader must be out of the stream before the process is disposed of.
            frames.Stop();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
