namespace HieraVid.Video;

/// <summary>
/// Decodes the frames of a plan on lanes of one thread each that take turns with its stretches, each ahead of its turn: two
/// processes of one thread keep two cores busy, which two threads of one process don't (measured: an hour at one frame per
/// second in 0.8 of the time). Where the stretches are too long to be kept until their turn, one lane has all threads.
/// </summary>
internal sealed class PlanDecoder : IAsyncDisposable
{
    // What a lane may keep. Enough for a stretch of an hour at one frame per second in the size that the models see.
    private const int MostPictures = 128;
    private const int MostBytes = 48 << 20;

    private readonly IReadOnlyList<Stretch> stretches;
    private readonly Lane[] lanes;
    private readonly Func<int, ReadAhead> begin;
    private readonly CancellationTokenSource stop;
    private ReadAhead[] ahead = [];
    private int stretch;

    /// <summary>Prepares decoding; the first read starts it on all lanes.</summary>
    /// <param name="video">The video.</param>
    /// <param name="stretches">What to decode.</param>
    /// <param name="target">The size of the pictures.</param>
    /// <param name="limits">The ceilings, and the threads.</param>
    /// <param name="cancel">Kills the processes.</param>
    public PlanDecoder(VideoInfo video, IReadOnlyList<Stretch> stretches, FrameSize target, VideoLimits limits, CancellationToken cancel)
    {
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        int bytes = target.Width * target.Height * 3;
        int most = Math.Clamp(MostBytes / bytes, 1, MostPictures);
        stretches = Stretch.Cut(video, stretches, most);
        this.stretches = stretches;
        int count = stretches.Max(s => s.Frames.Count) <= most ? Math.Clamp(limits.DecoderThreads, 1, stretches.Count) : 1;
        var share = limits with { DecoderThreads = Math.Max(1, limits.DecoderThreads / count) };
        lanes = [.. Enumerable.Range(0, count).Select(lane => new Lane(video, Of(lane), share, stop.Token))];
        var resize = new PillowResize(video.Width, video.Height, target);
        begin = lane => new ReadAhead(lanes[lane], Of(lane).SelectMany(s => s.Frames), resize, bytes, most, stop.Token);

        IEnumerable<Stretch> Of(int lane) => stretches.Where((_, i) => i % count == lane);
    }

    /// <summary>Lanes.</summary>
    public int Lanes => lanes.Length;

    /// <summary>Processes started so far.</summary>
    public int Processes => lanes.Sum(l => l.Processes);

    /// <summary>FFmpeg's last complaint.</summary>
    public string LastMessage => lanes.Select(l => l.LastMessage).FirstOrDefault(m => m.Length > 0, "");

    /// <summary>The resized picture of a frame, valid until the next call; null if it can't be had.</summary>
    /// <param name="frame">The plan's frames must be asked for one after the other, none left out.</param>
    public ValueTask<byte[]?> ReadAsync(int frame)
    {
        if (ahead.Length == 0)
            ahead = [.. Enumerable.Range(0, lanes.Length).Select(begin)];
        while (stretches[stretch].Frames[^1] < frame)
            stretch++;
        return ahead[stretch % lanes.Length].NextAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        foreach (var lane in ahead)
            await lane.DisposeAsync().ConfigureAwait(false);
        stop.Dispose();
    }
}
