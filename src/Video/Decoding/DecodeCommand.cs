using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace HieraVid.Video;

/// <summary>
/// The arguments with which one FFmpeg process delivers the frames of several stretches, one after the other. Each stretch is
/// an input of its own (the same file, opened at the stretch's anchor): starting a process costs three times as much as one
/// more input.
/// </summary>
/// <remarks>
/// Frames are named by their timestamps, before (select, trim) and after (showinfo) they are chosen. Concat gives new
/// timestamps, so each frame carries the number of its input along, and a last filter says in which order they leave; see
/// <see cref="FrameOrder"/>.
/// </remarks>
internal static class DecodeCommand
{
    // Linux takes at most 128 KiB in one argument; longer filters go through the standard input.
    private const int MaxArgument = 100_000;

    // An open decoder keeps some 5 to 20 frames.
    private const int MaxInputs = 16;
    private const long MaxInputPixels = 64_000_000;

    /// <summary>How many stretches of a video one process takes.</summary>
    public static int InputsPerProcess(VideoInfo video) =>
        (int)Math.Clamp(MaxInputPixels / ((long)video.Width * video.Height), 1, MaxInputs);

    /// <summary>Starts the process.</summary>
    /// <param name="video">The video.</param>
    /// <param name="stretches">What to decode, in order of time.</param>
    /// <param name="finish">Filters for the chosen frames.</param>
    /// <param name="output">Arguments of the output, which goes to the standard output.</param>
    /// <param name="limits">The ceilings; also how many threads each input's decoder has.</param>
    /// <param name="order">Is told what FFmpeg says.</param>
    /// <param name="waited">Time waited for FFmpeg so far.</param>
    /// <param name="cancel">Kills the process.</param>
    public static FfmpegProcess Start(VideoInfo video, IReadOnlyList<Stretch> stretches, string finish, string[] output,
        VideoLimits limits, FrameOrder order, Stopwatch waited, CancellationToken cancel)
    {
        var file = VideoFile.Open(video.Path);
        var inputs = new List<string>();
        var graph = new StringBuilder();
        for (int i = 0; i < stretches.Count; i++)
        {
            // "Max_pixels" and "threads" are the decoder's, so they are said again for each input.
            inputs.AddRange(["-threads", $"{limits.DecoderThreads}", "-max_pixels", $"{limits.PixelsPerFrame}",
                .. Seek(video, stretches[i].Anchor), .. file.InputArguments]);
            graph.Append(CultureInfo.InvariantCulture, $"[{i}:V:0]{Choice(video, stretches[i])},{FrameOrder.Shown(i)}[s{i}];");
        }

        for (int i = 0; i < stretches.Count; i++)
            graph.Append(CultureInfo.InvariantCulture, $"[s{i}]");
        graph.Append(CultureInfo.InvariantCulture, $"concat=n={stretches.Count},{FrameOrder.Left},{finish}[out]");

        string filter = graph.ToString();
        bool isLong = filter.Length > MaxArgument;
        // A stream with broken times can't be told to end after a time, but only after a number of frames.
        string[] end = video.CanSeek ? [] : ["-frames:v", $"{Chosen(stretches[0].Frames, video.FrameTicks)}"];
        string[] arguments =
        [
            "-hide_banner", "-nostats", "-nostdin", "-loglevel", "info", "-filter_complex_threads", "1", .. inputs,
            isLong ? "-filter_complex_script" : "-filter_complex", isLong ? "pipe:0" : filter,
            "-map", "[out]", "-copyts", "-fps_mode", "passthrough", .. end, .. output, "pipe:1",
        ];
        return FfmpegProcess.Start(ProgramPath.Ffmpeg, arguments, video.Path, limits, isLong ? filter : null, order.Note, cancel,
            waited);
    }

    // The anchor is chosen along with the frames: seeing it come out proves that decoding began early enough.
    private static string Choice(VideoInfo video, Stretch stretch)
    {
        int[] frames = stretch.Anchor == Stretch.FromStart || stretch.Anchor == stretch.Frames[0]
            ? [.. stretch.Frames]
            : [stretch.Anchor, .. stretch.Frames];
        string select = $"select='{SelectExpression.Build(frames, video.FrameTicks)}'";
        return video.CanSeek
            ? string.Create(CultureInfo.InvariantCulture, $"trim=end_pts={video.FrameTicks[frames[^1]] + 1},{select}")
            : select;
    }

    // FFmpeg goes to the last key frame not after the time it is given, by rules that differ between containers. Landing too
    // early costs time, landing too late is noticed.
    private static string[] Seek(VideoInfo video, int anchor)
    {
        if (anchor == Stretch.FromStart)
            return [];
        double key = video.TimestampsSeconds[anchor];
        // Where frames are reordered, FFmpeg subtracts 3/23 s, as it knows only decoding times (but not with MP4).
        const double Reordering = 3.0 / 23 + 1e-4;
        // A transport stream has no index: FFmpeg looks for a decoding time, which is up to a second before the key frame's.
        const double DecodingDelay = 1;
        int next = Array.BinarySearch(video.KeyFrames, anchor) + 1;
        double before = next < video.KeyFrames.Length ? video.TimestampsSeconds[video.KeyFrames[next]] : double.PositiveInfinity;
        double time = video.Container switch
        {
            VideoContainer.Matroska => Math.Min(key + Reordering, (key + before) / 2),
            VideoContainer.MpegTs => key - DecodingDelay,
            _ => key,
        };
        double microseconds = Math.Max(0, Math.Ceiling(Math.Round(time * 1e6, 3)));
        return ["-noaccurate_seek", "-ss", string.Create(CultureInfo.InvariantCulture, $"{microseconds / 1e6:F6}")];
    }

    // How many frames the filter will let through: more than are wanted where frames share a timestamp.
    private static int Chosen(ReadOnlySpan<int> frames, long[] ticks)
    {
        int count = 0;
        long? previous = null;
        foreach (int frame in frames)
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
