namespace HieraVid.Video;

/// <summary>Collects decoded frames into batches: resizes each, and copies the picture of a repeated one.</summary>
internal sealed class BatchReader(VideoInfo video, SamplingPlan plan, FrameSize target, int batchFrames,
    PlannedFrames frames, Action<MissingFrames>? onMissing)
{
    private readonly PillowResize resize = new(video.Width, video.Height, target);
    private readonly byte[] raw = new byte[video.Width * video.Height * 3];
    private readonly int frameBytes = target.Width * target.Height * 3;
    private ReadOnlyMemory<byte> last;
    private int sample;
    private bool isAtEnd;

    /// <summary>The next batch, or null after the last.</summary>
    public async Task<FrameBatch?> ReadAsync()
    {
        int first = sample;
        int wanted = isAtEnd ? 0 : Math.Min(batchFrames, plan.Count - first);
        if (wanted == 0)
            return null;

        byte[] rgb = GC.AllocateUninitializedArray<byte>(wanted * frameBytes);
        for (; sample < first + wanted; sample++)
        {
            var place = rgb.AsMemory((sample - first) * frameBytes, frameBytes);
            if (sample > 0 && plan.FrameIndices[sample] == plan.FrameIndices[sample - 1])
            {
                last.CopyTo(place);
            }
            else if (await frames.ReadAsync(video.FrameTicks[plan.FrameIndices[sample]], raw).ConfigureAwait(false))
            {
                resize.Apply(raw, place.Span);
            }
            else
            {
                Report();
                break;
            }

            last = place;
        }

        int count = sample - first;
        return count == 0 ? null : new(first, count, target.Width, target.Height, rgb.AsMemory(0, count * frameBytes));
    }

    private void Report()
    {
        isAtEnd = true;
        var missing = new MissingFrames(sample, plan.Count, sample == 0 ? 0 : plan.TimesSeconds[sample - 1],
            plan.TimesSeconds[^1]);
        // An answer needs at least one picture, so a video without any is an error even where a part would do.
        if (onMissing is null || sample == 0)
            throw VideoErrors.Incomplete(video.Path, missing, frames.LastMessage);
        onMissing(missing);
    }
}
