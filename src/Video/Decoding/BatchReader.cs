namespace HieraVid.Video;

/// <summary>
/// Collects decoded frames into batches, and keeps account of the missing.
/// </summary>
internal sealed class BatchReader(VideoInfo video, SamplingPlan plan, FrameSize target, int batchFrames,
    PlanDecoder decoder, Action<MissingFrames>? onMissing)
{
    private readonly int frameBytes = target.Width * target.Height * 3;
    private readonly List<MissingRange> gaps = [];

    // The last sample's frame and its picture; null where it is missing.
    private int lastFrame = -1;
    private byte[]? picture;
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
            picture.AsSpan().CopyTo(rgb.AsSpan((sample - first) * frameBytes));
            sample++;
        }
        while (sample < first + room && await FindAsync().ConfigureAwait(false));
        int count = sample - first;
        return new(first, count, target.Width, target.Height, rgb.AsMemory(0, count * frameBytes));
    }

    // Whether there is a picture for the sample.
    private async ValueTask<bool> FindAsync()
    {
        int frame = plan.FrameIndices[sample];
        if (frame != lastFrame)
        {
            picture = await decoder.ReadAsync(frame).ConfigureAwait(false);
            lastFrame = frame;
        }

        return picture is not null;
    }

    private void Note(int first)
    {
        double until = plan.TimesSeconds[Math.Min(sample, plan.Count - 1)];
        gaps.Add(new(first, sample - first, plan.TimesSeconds[Math.Max(0, first - 1)], until));
        if (onMissing is null)
            throw VideoErrors.Incomplete(video.Path, new(plan.Count, gaps), decoder.LastMessage);
    }

    private void Finish()
    {
        if (!isDone && gaps.Count > 0)
            onMissing!(new(plan.Count, gaps));
        isDone = true;
    }
}
