using System.Diagnostics;

namespace HieraVid.Video;

/// <summary>
/// Decodes the frames of a plan: sequentially with all threads where they lie close together, with a seek for each group of
/// frames where they don't. Seeks alternate between lanes of one thread each, so that no lane has to keep more than the one
/// picture that is next in turn.
/// </summary>
internal sealed class PlanDecoder : IAsyncDisposable
{
    // From here on the frames of a stretch keep a decoder busy while the other lanes wait for their turn.
    private const int FewFrames = 4;

    private readonly IReadOnlyList<Stretch> stretches;
    private readonly Lane[] lanes;
    private int stretch;

    /// <summary>Prepares decoding; the first read starts it on all lanes.</summary>
    public PlanDecoder(VideoInfo video, IReadOnlyList<Stretch> stretches, VideoLimits limits, CancellationToken cancel)
    {
        this.stretches = stretches;
        int count = stretches.Sum(s => s.Frames.Count) <= stretches.Count * FewFrames ? Math.Clamp(limits.DecoderThreads, 1, stretches.Count) : 1;
        var share = limits with { DecoderThreads = Math.Max(1, limits.DecoderThreads / count) };
        var waited = new Stopwatch();
        lanes = [.. Enumerable.Range(0, count).Select(lane =>
            new Lane(video, stretches.Where((_, i) => i % count == lane), share, waited, cancel))];
    }

    /// <summary>Lanes.</summary>
    public int Lanes => lanes.Length;

    /// <summary>Processes started so far.</summary>
    public int Processes => lanes.Sum(l => l.Processes);

    /// <summary>FFmpeg's last complaint.</summary>
    public string LastMessage => lanes.Select(l => l.LastMessage).FirstOrDefault(m => m.Length > 0, "");

    /// <summary>The raw picture of a frame, valid until the next call; null if it can't be had.</summary>
    /// <param name="frame">A frame of the plan, after those asked for before.</param>
    public ValueTask<byte[]?> ReadAsync(int frame)
    {
        if (Processes == 0)
            Array.ForEach(lanes, l => l.Start());
        while (stretches[stretch].Frames[^1] < frame)
            stretch++;
        return lanes[stretch % lanes.Length].ReadAsync(frame);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var lane in lanes)
            await lane.DisposeAsync().ConfigureAwait(false);
    }
}
