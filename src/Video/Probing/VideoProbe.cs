namespace HieraVid.Video;

/// <summary>Finds out what a video is, by reading its packets and not decoding them.</summary>
public static class VideoProbe
{
    private const string StreamFields =
        "format=nb_streams,start_time,duration:" +
        "stream=codec_name,width,height,sample_aspect_ratio,pix_fmt,time_base,avg_frame_rate,duration,nb_frames," +
        "field_order:stream_tags=rotate,DURATION:stream_side_data=rotation";

    /// <summary>Probes one file.</summary>
    /// <param name="path">A local file.</param>
    /// <param name="limits">The ceilings.</param>
    /// <param name="cancel">Stops the probe and its process.</param>
    /// <exception cref="VideoException">The file is no video that can be used within the ceilings.</exception>
    public static async Task<VideoInfo> ProbeAsync(string path, VideoLimits limits, CancellationToken cancel = default)
    {
        var file = VideoFile.Open(path);
        var report = await ReadAsync(file, "packet=pts,dts,duration,flags", limits, cancel).ConfigureAwait(false);
        CheckHeader(file, report, limits);
        if (!PacketsAreFrames(file, report))
        {
            const string Frames = "frame=best_effort_timestamp,pkt_duration,duration,key_frame";
            report = await ReadAsync(file, Frames, limits, cancel).ConfigureAwait(false);
            CheckHeader(file, report, limits);
        }

        var info = Interpretation.ToInfo(file, report, ContainerLayout.Read(file));
        // The frames may claim times far beyond the declared length.
        double length = Math.Max(info.DurationSeconds, info.FramesEndSeconds);
        if (length > limits.Duration.TotalSeconds)
        {
            throw VideoErrors.OverLimit(path, "a length of", FormattableString.Invariant($"{length:0} s"),
                FormattableString.Invariant($"{limits.Duration.TotalSeconds:0} s"));
        }

        return info;
    }

    /// <summary>
    /// Whether each packet is one frame. VP8 has packets that are never shown, interlaced transport streams split a
    /// frame
    /// into two packets, and old AVI files carry no presentation times: only there must the frames be decoded to count
    /// them.
    /// </summary>
    private static bool PacketsAreFrames(VideoFile file, ProbeReport report) =>
        !report.LacksTimes &&
        report.Text("codec_name") != "vp8" &&
        !(file.Container == VideoContainer.MpegTs && report.Text("field_order") is "tt" or "bb" or "tb" or "bt");

    private static async Task<ProbeReport> ReadAsync(VideoFile file, string entries, VideoLimits limits,
        CancellationToken cancel)
    {
        string[] arguments = ["-v", "error", "-threads", "1", .. file.InputArguments, "-select_streams", "V:0",
            "-show_entries", $"{StreamFields}:{entries}", "-of", "compact"];
        var report = new ProbeReport();
        await using var process = FfmpegProcess.Start(ProgramPath.Ffprobe, arguments, file.FullPath, limits,
            input: null, onMessage: null, cancel);
        using var lines = new StreamReader(process.Output);
        Func<Stream, ValueTask<string?>> readLine = _ => lines.ReadLineAsync(CancellationToken.None);
        while (await process.WaitAsync(readLine).ConfigureAwait(false) is { } line)
        {
            report.Add(line);
            if (report.Packets > limits.Frames)
                throw TooMany(file, "more frames than", limits.Frames, limits.Frames);
        }

        int exit = await process.ExitAsync().ConfigureAwait(false);
        if (exit != 0 && !report.HasStream && report.StreamCount == 0)
        {
            throw process.HasSaid("moov atom not found")
                ? VideoErrors.MissingIndex(file.FullPath)
                : VideoErrors.Broken(file.FullPath, process.LastMessage);
        }

        return report;
    }

    private static void CheckHeader(VideoFile file, ProbeReport report, VideoLimits limits)
    {
        if (report.StreamCount > limits.Streams)
            throw TooMany(file, "a stream count of", report.StreamCount, limits.Streams);
        if (!report.HasStream)
            throw VideoErrors.NoVideoStream(file.FullPath);
        int width = report.Integer("width"), height = report.Integer("height");
        if ((long)width * height > limits.PixelsPerFrame)
        {
            throw VideoErrors.OverLimit(file.FullPath, "frames of", $"{width}x{height} pixels",
                $"{limits.PixelsPerFrame}");
        }

        if (Math.Max(width, height) > limits.FrameSide)
        {
            throw VideoErrors.OverLimit(file.FullPath, "frames of", $"{width}x{height} pixels",
                $"{limits.FrameSide} a side");
        }

        if (report.Frames.Count == 0)
            throw VideoErrors.NoFrames(file.FullPath);
        if (width <= 0 || height <= 0 || report.Text("codec_name") is "" or "unknown")
            throw VideoErrors.Broken(file.FullPath, "its frame size or codec can't be found");
    }

    private static VideoException TooMany(VideoFile file, string what, int value, int limit) =>
        VideoErrors.OverLimit(file.FullPath, what, $"{value}", $"{limit}");
}
