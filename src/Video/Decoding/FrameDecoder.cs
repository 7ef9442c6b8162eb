using System.Runtime.CompilerServices;

namespace HieraVid.Video;

/// <summary>Decodes the frames of a plan, in order, in batches.</summary>
public static class FrameDecoder
{
    /// <summary>
    /// Decodes the planned frames with FFmpeg. Frames that lie far apart are sought, and so is the first one: a part of a plan (a
    /// chunk) costs no more than its own stretch of the video, and any parts of a plan together give the very pictures that the
    /// whole plan gives, so that they may be decoded anywhere at the same time. What a damaged file lacks is left out, and decoding
    /// goes on behind it.
    /// Pictures are turned upright as the file says and then resized; non-square pixels are delivered as stored, as the models'
    /// reference loaders do (the resize to the model's size changes the aspect ratio anyway). While the caller works on a batch
    /// more are being decoded, up to some 50 MB of pictures for each of the decoder's threads.
    /// </summary>
    /// <param name="video">The probed video.</param>
    /// <param name="plan">The frames.</param>
    /// <param name="target">The size to resize to.</param>
    /// <param name="batchFrames">Samples per batch; the last one may have fewer.</param>
    /// <param name="limits">The ceilings.</param>
    /// <param name="onMissing">
    /// Null: frames that can't be decoded are an error, which names the time. Otherwise they are left out (the batches' sample
    /// numbers tell where), and this is called once, before the batches end, with what is missing, be it all.
    /// </param>
    /// <param name="cancel">Kills the processes.</param>
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
            throw VideoErrors.OverLimit(video.Path, "a sampling plan of", VideoErrors.Count(plan.Count, "sample"), $"{limits.Samples}");
        }

        if (video.IsTruncated && onMissing is null)
            throw VideoErrors.CutOff(video.Path, video.FramesEndSeconds, video.DurationSeconds);
        long bytes = (long)plan.DistinctFrames * video.Width * video.Height * 3;
        if (bytes > limits.DecodedBytes)
        {
            throw VideoErrors.OverLimit(video.Path, "sampled frames that decode to", $"{bytes >> 20} MiB",
                $"{limits.DecodedBytes >> 20} MiB");
        }

        return BatchesAsync(video, plan, target, batchFrames, limits, onMissing, cancel);
    }

    private static async IAsyncEnumerable<FrameBatch> BatchesAsync(VideoInfo video, SamplingPlan plan, FrameSize target,
        int batchFrames, VideoLimits limits, Action<MissingFrames>? onMissing,
        [EnumeratorCancellation] CancellationToken cancel)
    {
        await using var decoder = new PlanDecoder(video, Stretch.Split(video, [.. plan.FrameIndices.Distinct()]), target, limits, cancel);
        var batches = new BatchReader(video, plan, target, batchFrames, decoder, onMissing);
        while (await batches.ReadAsync().ConfigureAwait(false) is { } batch)
            yield return batch;
    }
}
