namespace HieraVid.Video;

/// <summary>
/// Ceilings on what a video may cost. A server's ceilings are its own: they are never taken from a request.
/// </summary>
public sealed record VideoLimits
{
    /// <summary>The defaults, fit for one machine and videos of up to a few hours.</summary>
    public static VideoLimits Default { get; } = new();

    /// <summary>Longest video. 6 hours: a day at work cut in parts; beyond it nobody waits for the answer.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromHours(6);

    /// <summary>Most pixels in a frame. 8192 x 4320 (DCI 8K) fits; one such frame is 106 MB as RGB.</summary>
    public long PixelsPerFrame { get; init; } = 8192L * 4320;

    /// <summary>Longest side of a frame. 16384 is the most that common encoders write; a 100,000 x 10 frame is an
    /// attack.</summary>
    public int FrameSide { get; init; } = 16384;

    /// <summary>Most frames in the file. 6 hours at 60 fps are 1.3 million; each costs 16 bytes in the probe's
    /// result.</summary>
    public int Frames { get; init; } = 1_500_000;

    /// <summary>
    /// Most samples in a plan, whatever frame count or rate a request asks for. 6 hours at one frame per second are
    /// 21,600.
    /// </summary>
    public int Samples { get; init; } = 30_000;

    /// <summary>Most streams in the file. Cameras write up to 8; hundreds are only found in files made to
    /// hurt.</summary>
    public int Streams { get; init; } = 64;

    /// <summary>
    /// Most bytes of decoded RGB that one decoding may produce, before the resize. 64 GiB is an hour of 1080p at 3
    /// sampled frames per second; small files can unfold to this size, so the file's own size says nothing.
    /// </summary>
    public long DecodedBytes { get; init; } = 64L << 30;

    /// <summary>
    /// Longest time that a caller waits for FFmpeg, summed over one probe or one decoding. The time in which FFmpeg
    /// waits
    /// for a slow consumer (a busy GPU) does not count.
    /// </summary>
    public TimeSpan WallTime { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>CPU time of one FFmpeg process, whole seconds. An hour of 1080p H.264 takes 2 to 4 minutes to
    /// decode.</summary>
    public TimeSpan CpuTime { get; init; } = TimeSpan.FromMinutes(60);

    /// <summary>Address space of one FFmpeg process. 8K H.264 with two threads stays below 3 GiB.</summary>
    public long MemoryBytes { get; init; } = 4L << 30;

    /// <summary>Decoder threads. Two keep one core busy while the other end is read; more steal cores from
    /// neighbours.</summary>
    public int DecoderThreads { get; init; } = 2;

    /// <summary>Refuse to start FFmpeg where a part of the sandbox can't be had (see
    /// <see cref="Sandbox.Status"/>).</summary>
    public bool RequireSandbox { get; init; }
}
