using System.Globalization;
using System.Threading.Channels;

namespace HieraVid.Video;

/// <summary>
/// The pictures of the planned frames, raw, as FFmpeg delivers them. Each comes with its timestamp (a line that
/// FFmpeg's
/// showinfo filter writes before the picture), so that a wrong or missing picture is noticed and never mistaken for
/// another.
/// </summary>
internal sealed class PlannedFrames : IAsyncDisposable
{
    // Linux takes at most 128 KiB in one argument; longer filters go through the standard input.
    private const int MaxArgument = 100_000;

    private readonly FfmpegProcess process;
    private readonly Channel<long> shown;
    private bool isAhead;
    private long ahead;

    private PlannedFrames(FfmpegProcess process, Channel<long> shown) => (this.process, this.shown) = (process, shown);

    /// <summary>FFmpeg's last complaint.</summary>
    public string LastMessage => process.LastMessage;

    /// <summary>Starts decoding.</summary>
    public static PlannedFrames Start(VideoInfo video, SamplingPlan plan, VideoLimits limits, CancellationToken cancel)
    {
        var file = VideoFile.Open(video.Path);
        int[] wanted = [.. plan.FrameIndices.Distinct()];
        // The scaler only converts colours unless the stream changes its size on the way, which would break the
        // framing.
        string filter = $"select='{SelectExpression.Build(wanted, video.FrameTicks)}',showinfo=checksum=0," +
            string.Create(CultureInfo.InvariantCulture, $"scale={video.Width}:{video.Height},format=rgb24");
        bool isLong = filter.Length > MaxArgument;
        string[] arguments =
        [
            "-hide_banner", "-nostats", "-nostdin", "-loglevel", "info",
            "-threads", $"{limits.DecoderThreads}", "-filter_threads", "1",
            "-max_pixels", $"{limits.PixelsPerFrame}", .. file.InputArguments,
            "-map", "0:V:0", "-copyts", "-fps_mode", "passthrough",
            isLong ? "-filter_script:v" : "-vf", isLong ? "pipe:0" : filter,
            "-frames:v", $"{Selected(wanted, video.FrameTicks)}", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1",
        ];
        var shown = Channel.CreateUnbounded<long>(new() { SingleReader = true, SingleWriter = true });
        var process = FfmpegProcess.Start(ProgramPath.Ffmpeg, arguments, video.Path, limits, isLong ? filter : null,
            line => Note(line, shown.Writer), cancel);
        return new(process, shown);
    }

    /// <summary>Reads the picture with a timestamp. False: it isn't there, because the decoder passed it or
    /// ended.</summary>
    public async Task<bool> ReadAsync(long ticks, Memory<byte> picture)
    {
        while (!isAhead || ahead < ticks)
        {
            int got = await process.WaitAsync(output => output.ReadAtLeastAsync(picture, picture.Length,
                throwOnEndOfStream: false, CancellationToken.None)).ConfigureAwait(false);
            if (got < picture.Length)
            {
                await process.ExitAsync().ConfigureAwait(false);
                return false;
            }

            isAhead = await process.WaitAsync(_ => shown.Reader.WaitToReadAsync(CancellationToken.None))
                .ConfigureAwait(false) && shown.Reader.TryRead(out ahead);
            if (!isAhead)
                return false;
        }

        // Two frames may share a timestamp; the second read then takes the second picture.
        isAhead = ahead != ticks;
        return !isAhead;
    }

    /// <summary>Ends decoding now; a read in progress comes back with the end of the stream.</summary>
    public void Stop() => process.Kill();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => process.DisposeAsync();

    /// <summary>Passes on the timestamp where a line of FFmpeg's is one of showinfo's; null is the end.</summary>
    internal static void Note(string? line, ChannelWriter<long> shown)
    {
        if (line is null)
        {
            shown.Complete();
            return;
        }

        const string Source = "[Parsed_showinfo", Field = " pts:";
        int at = line.StartsWith(Source, StringComparison.Ordinal) ? line.IndexOf(Field, StringComparison.Ordinal) : -1;
        if (at < 0)
            return;
        var rest = line.AsSpan(at + Field.Length).TrimStart();
        int end = rest.IndexOf(' ');
        if (long.TryParse(end < 0 ? rest : rest[..end], CultureInfo.InvariantCulture, out long ticks))
            shown.TryWrite(ticks);
    }

    /// <summary>How many frames the filter will let through: more than are wanted where frames share a
    /// timestamp.</summary>
    internal static int Selected(int[] wanted, long[] ticks)
    {
        int count = 0;
        long? previous = null;
        foreach (int frame in wanted)
        {
            if (ticks[frame] == previous)
                continue;
            previous = ticks[frame];
            for (int i = frame; i < ticks.Length && ticks[i] == previous; i++)
                count++;
            for (int i = frame - 1; i >= 0 && ticks[i] == previous; i--)
                count++;
        }

        return count;
    }
}
