namespace HieraVid.Video;

/// <summary>
/// Collects decoded frames into batches: resizes each, copies the picture of a repeated one, and keeps account of the missing.
/// </summary>
internal sealed class BatchReader(VideoInfo video, SamplingPlan plan, FrameSize target, int batchFrames,
    PlanDecoder decoder, Action<MissingFrames>? onMissing)
{
    private readonly PillowResize resize = new(video.Width, video.Height, target);
    private readonly int frameBytes = target.Width * target.Height * 3;
    private readonly List<MissingRange> gaps = [];

    // The last picture, and the frame it shows; null where that frame is missing.
    private ReadOnlyMemory<byte>? last;
    private int lastFrame = -1;
    private int sample;
    private bool isDone;

    /// <summary>The next batch, or null after the last. A batch never spans a gap.</summary>
    public async Task<FrameBatch?> ReadAsync()
    {
        bool isFound = false;
        int gap = sample;
        while (sample < plan.Count && !(isFound = await FindAsync().ConfigureAwait(false)))
            sample++;
        if (sample > gap)
            Note(gap);
        if (!isFound)
        {
            Finish();
            return null;
        }

        int first = sample;
        int room = Math.Min(batchFrames, plan.Count - first);
        byte[] rgb = GC.AllocateUninitializedArray<byte>(room * frameBytes);
        do
        {
            var place = rgb.AsMemory((sample - first) * frameBytes, frameBytes);
            Put(place.Span);
            last = place;
            sample++;
        }
        while (sample < first + room && await FindAsync().ConfigureAwait(false));
        int count = sample - first;
        return new(first, count, target.Width, target.Height, rgb.AsMemory(0, count * frameBytes));
    }

    // The picture comes from the decoder, or is the last one again.
    private byte[]? raw;

    private async ValueTask<bool> FindAsync()
    {
        int frame = plan.FrameIndices[sample];
        if (frame == lastFrame)
            return last is not null || raw is not null;
        raw = await decoder.ReadAsync(frame).ConfigureAwait(false);
        lastFrame = frame;
        last = null;
        return raw is not null;
    }

    private void Put(Span<byte> place)
    {
        if (last is { } picture)
            picture.Span.CopyTo(place);
        else
            resize.Apply(raw, place);
    }

    private void Note(int first)
    {
        double until = plan.TimesSeconds[Math.Min(sample, plan.Count - 1)];
        gaps.Add(new(first, sample - first, first == 0 ? 0 : plan.TimesSeconds[first - 1], until));
        // An answer needs at least one picture, so a plan without any is an error even where a part would do.
        if (onMissing is null || sample - first == plan.Count)
            throw VideoErrors.Incomplete(video.Path, new(plan.Count, gaps), decoder.LastMessage);
    }

    private void Finish()
    {
        if (!isDone && gaps.Count > 0)
            onMissing!(new(plan.Count, gaps));
        isDone = true;
    }
}
