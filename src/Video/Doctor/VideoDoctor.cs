using System.Globalization;

namespace HieraVid.Video;

/// <summary>Says what is unusual about a video, why it matters, and how to fix it. Needs the probe's result
/// only.</summary>
public static class VideoDoctor
{
    // x264's own default is 250; beyond this, one sampled frame costs more than 300 decoded ones.
    private const int LongGopFrames = 300;

    // Models see 384 x 384 to about 0.6 million pixels; up to 2560 x 1600 the surplus costs little.
    private const long LargePixels = 2560L * 1600;

    private const string Reencode = "-c:v libx264 -crf 18 -pix_fmt yuv420p -c:a copy";

    private static readonly string[] UsualCodecs =
        ["h264", "hevc", "av1", "vp9", "vp8", "mpeg4", "mpeg2video", "mpeg1video", "theora", "mjpeg"];

    private static readonly string[] UsualPixelFormats =
        ["yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuv420p10le", "nv12"];

    /// <summary>The findings, gravest first; a healthy file has none.</summary>
    public static IReadOnlyList<VideoFinding> Examine(VideoInfo video)
    {
        IEnumerable<VideoFinding?> all =
        [
            CutOff(video), LongGop(video), VariableRate(video), NoDuration(video), OddCodec(video),
            OddPixelFormat(video), LargeFrames(video), IndexAtEnd(video), Rotation(video), NonSquare(video),
        ];
        return [.. all.OfType<VideoFinding>().OrderByDescending(f => f.Severity)];
    }

    private static VideoFinding? CutOff(VideoInfo v) => !v.IsTruncated ? null : new(
        FindingSeverity.Error, FindingKind.CutOff,
        Inv($"The file is cut off: the last {v.MissingTailSeconds:F2} s are missing, ") +
        "so questions about them can't be answered.",
        Command(v, "-c copy", Original(v)));

    private static VideoFinding? LongGop(VideoInfo v)
    {
        int[] edges = [0, .. v.KeyFrames, v.FrameCount];
        int longest = edges.Zip(edges.Skip(1), (a, b) => b - a).Max();
        return longest <= LongGopFrames ? null : new(FindingSeverity.Warning, FindingKind.LongGop,
            $"Up to {longest} frames lie between two key frames, so reading a single frame can cost decoding that many.",
            Command(v, Reencode + " -force_key_frames 'expr:gte(t,n_forced*2)'", Playable(v)));
    }

    private static VideoFinding? VariableRate(VideoInfo v) => !v.IsVariableFrameRate ? null : new(
        FindingSeverity.Warning, FindingKind.VariableFrameRate,
        "The frame rate varies: evenly chosen frames are not evenly spaced in time, and times computed from frame " +
        "numbers are wrong.",
        Command(v, Inv($"-vf fps={v.AverageFps:0.###} ") + Reencode, Playable(v)));

    private static VideoFinding? NoDuration(VideoInfo v) => v.DeclaresDuration ? null : new(
        FindingSeverity.Warning, FindingKind.NoDuration,
        "The container declares no length, so every tool has to read the whole file to find it.",
        Command(v, "-c copy", Original(v)));

    private static VideoFinding? OddCodec(VideoInfo v) => UsualCodecs.Contains(v.Codec) ? null : new(
        FindingSeverity.Warning, FindingKind.OddCodec,
        $"The codec {v.Codec} is rare: its decoder is slow or little tested.",
        Command(v, Reencode, Playable(v)));

    private static VideoFinding? OddPixelFormat(VideoInfo v) => UsualPixelFormats.Contains(v.PixelFormat) ? null : new(
        FindingSeverity.Note, FindingKind.OddPixelFormat,
        $"The pixel format {v.PixelFormat} is rare in videos: colours may come out differently from tool to tool.",
        Command(v, Reencode, Playable(v)));

    private static VideoFinding? LargeFrames(VideoInfo v) => (long)v.Width * v.Height <= LargePixels ? null : new(
        FindingSeverity.Warning, FindingKind.LargeFrames,
        $"Frames of {v.Width}x{v.Height} are shrunk to well under a million pixels before a model sees them; " +
        "most of the decoding is wasted.",
        Command(v, (v.Width >= v.Height ? "-vf scale=-2:720 " : "-vf scale=720:-2 ") + Reencode, Playable(v)));

    private static VideoFinding? IndexAtEnd(VideoInfo v) => !v.IsIndexAtEnd ? null : new(
        FindingSeverity.Note, FindingKind.IndexAtEnd,
        "The index (moov) comes after the pictures: over a network both ends must be fetched before the first frame, " +
        "and a file that is cut off is lost whole.",
        Command(v, "-c copy -movflags +faststart", Original(v)));

    private static VideoFinding? Rotation(VideoInfo v) => v.RotationDegrees == 0 ? null : new(
        FindingSeverity.Note, FindingKind.Rotation,
        $"Pictures are stored turned by {v.RotationDegrees} degrees; they are turned upright here, but tools " +
        "that ignore the mark show them sideways.",
        Command(v, Reencode, Playable(v)));

    private static VideoFinding? NonSquare(VideoInfo v) => v.SampleAspectRatio == 1 ? null : new(
        FindingSeverity.Note, FindingKind.NonSquarePixels,
        $"Pixels are not square ({v.Width}x{v.Height} is meant to be shown as {v.DisplayWidth}x{v.DisplayHeight}); " +
        "the model sees the stored shape.",
        Command(v, "-vf 'scale=trunc(iw*sar/2)*2:ih,setsar=1' " + Reencode, Playable(v)));

    private static string Command(VideoInfo v, string what, string extension) =>
        $"ffmpeg -i {Quote(v.Path)} {what} {Quote(Path.ChangeExtension(v.Path, null) + ".fixed" + extension)}";

    // Copied streams stay in the container that held them.
    private static string Original(VideoInfo v) => v.Container switch
    {
        VideoContainer.Mp4 => ".mp4",
        VideoContainer.MpegTs => ".ts",
        VideoContainer.Avi => ".avi",
        VideoContainer.Flv => ".flv",
        VideoContainer.Ogg => ".ogv",
        _ => ".mkv",
    };

    // Matroska takes any sound that is copied beside the new pictures; MP4 takes what came from an MP4.
    private static string Playable(VideoInfo v) => v.Container == VideoContainer.Mp4 ? ".mp4" : ".mkv";

    private static string Quote(string path) => "'" + path.Replace("'", @"'\''", StringComparison.Ordinal) + "'";

    private static string Inv(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
