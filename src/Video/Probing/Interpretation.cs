namespace HieraVid.Video;

/// <summary>Turns what ffprobe said into what a video is: pure arithmetic on timestamps.</summary>
internal static class Interpretation
{
    // Below this difference the container's rate is the same number, rounded.
    private const double RateTolerance = 0.02;

    public static VideoInfo ToInfo(VideoFile file, ProbeReport report, ContainerLayout layout)
    {
        var frames = Decodable(report);
        double unit = report.Ratio("time_base") ?? 1;
        double[] times = Array.ConvertAll(frames, f => f.Ticks * unit - report.StartSeconds);
        double interval = times.Length > 1 ? (times[^1] - times[0]) / (times.Length - 1) : 0;
        double lastShown = frames[^1].Duration > 0 ? frames[^1].Duration * unit : interval;
        double end = times[^1] + lastShown;
        double? declared = report.StreamSeconds ?? report.FormatSeconds;

        return new()
        {
            Path = file.FullPath,
            Container = file.Container,
            Codec = report.Text("codec_name"),
            PixelFormat = report.Text("pix_fmt"),
            CodedWidth = report.Integer("width"),
            CodedHeight = report.Integer("height"),
            RotationDegrees = Clockwise(report.Rotation),
            SampleAspectRatio = report.Ratio("sample_aspect_ratio") ?? 1,
            DurationSeconds = declared is > 0 ? declared.Value : end,
            DeclaresDuration = declared is > 0,
            AverageFps = Rate(report.Ratio("avg_frame_rate"), interval, lastShown),
            IsVariableFrameRate = IsUneven(times, interval),
            TimestampsSeconds = times,
            FrameTicks = Array.ConvertAll(frames, f => f.Ticks),
            KeyFrames = [.. Enumerable.Range(0, frames.Length).Where(i => frames[i].IsKey)],
            CanSeek = CanSeek(file, report),
            FramesEndSeconds = end,
            MissingTailSeconds = MissingTail(file, report, layout, declared ?? 0, end, interval),
            IsIndexAtEnd = layout.IsIndexAtEnd,
            StreamCount = report.StreamCount,
            FileBytes = file.Bytes,
        };
    }

    // Frames shown before the first key frame refer to pictures that are not in the file (a recording that began in the
    // middle of a stream); the decoder drops them.
    private static ProbedFrame[] Decodable(ProbeReport report)
    {
        var frames = report.Frames.OrderBy(f => f.Ticks).ToArray();
        int first = report.HasHiddenKey ? 0 : Array.FindIndex(frames, f => f.IsKey);
        return first > 0 ? frames[first..] : frames;
    }

    // AVI, FLV and Ogg keep no presentation times, or not with every frame; after a seek FFmpeg guesses them anew.
    private static bool CanSeek(VideoFile file, ProbeReport report)
    {
        if (report.LacksTimes || file.Container is not (VideoContainer.Mp4 or VideoContainer.Matroska or VideoContainer.MpegTs))
            return false;
        long last = long.MinValue;
        foreach (var key in report.Frames.Where(f => f.IsKey))
        {
            if (key.Ticks <= last)
                return false;
            last = key.Ticks;
        }

        return last > long.MinValue;
    }

    // The rate in the header is exact for constant rates; the frames themselves are right where the two disagree.
    private static double Rate(double? declared, double interval, double lastShown)
    {
        double measured = interval > 0 ? 1 / interval : lastShown > 0 ? 1 / lastShown : declared ?? 1;
        return declared is { } rate && Math.Abs(rate - measured) <= RateTolerance * measured ? rate : measured;
    }

    private static bool IsUneven(double[] times, double interval)
    {
        for (int i = 1; i < times.Length - 1; i++)
        {
            if (Math.Abs(times[i] - times[0] - i * interval) > interval)
                return true;
        }

        return false;
    }

    // A file that has all the bytes it declares is complete even if another stream runs longer than the pictures, or an
    // edit list hides some frames; so bytes must be missing before frames are said to be.
    private static double MissingTail(VideoFile file, ProbeReport report, ContainerLayout layout, double declared,
        double end, double interval)
    {
        int lackingFrames = report.Integer("nb_frames") - report.Packets;
        double lackingSeconds = declared - end;
        if (layout.DeclaredBytes is not { } bytes || bytes <= file.Bytes || (lackingFrames <= 0 && lackingSeconds <= 0.5))
            return 0;
        // FFmpeg shortens the length of a cut AVI by what the file lacks, so the frame count in its header must do.
        return file.Container == VideoContainer.Avi || lackingSeconds <= 0
            ? Math.Max(lackingFrames, 1) * interval
            : lackingSeconds;
    }

    private static int Clockwise(double counterClockwise)
    {
        int angle = (int)Math.Round(-counterClockwise) % 360;
        return angle < 0 ? angle + 360 : angle;
    }
}
