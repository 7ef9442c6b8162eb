using System.Globalization;

namespace HieraVid.Video;

/// <summary>Every error of this project, worded in one place.</summary>
internal static class VideoErrors
{
    public static VideoException NotFound(string path) =>
        new(VideoFault.NotFound, $"{Name(path)} does not exist; check the path.");

    public static VideoException IsFolder(string path) =>
        new(VideoFault.IsFolder, $"{Name(path)} is a folder; name one video file in it.");

    public static VideoException Unreadable(string path, Exception cause) =>
        new(VideoFault.Unreadable, $"{Name(path)} can't be read ({OneLine(cause.Message, path)}); " +
            "check its permissions and that no other program holds it.", cause);

    public static VideoException Empty(string path) =>
        new(VideoFault.Empty, $"{Name(path)} is empty or not a regular file; copy or record the video again.");

    public static VideoException NotVideo(string path, string looksLike) =>
        new(VideoFault.NotVideo, $"{Name(path)} is not a video file but {looksLike}; " +
            "give an MP4/MOV, Matroska/WebM, MPEG-TS, AVI, FLV or Ogg file.");

    public static VideoException Playlist(string path) =>
        new(VideoFault.Playlist, $"{Name(path)} is a playlist that points at other files, and such lists are never " +
            "followed; give the video file itself.");

    public static VideoException NoVideoStream(string path) =>
        new(VideoFault.NoVideoStream, $"{Name(path)} has no video stream (sound only, perhaps with a cover picture); " +
            "give a file with moving pictures.");

    public static VideoException NoFrames(string path) =>
        new(VideoFault.NoFrames, $"{Name(path)} has a video stream without any frame; record or export it again.");

    public static VideoException TooFewFrames(string path, int frames, string rule, string need) =>
        new(VideoFault.TooFewFrames, $"{Name(path)} has too few frames ({frames}): the {rule} rule {need}; " +
            "use a longer video or another rule.");

    public static VideoException MissingIndex(string path) =>
        new(VideoFault.Truncated, $"{Name(path)} has no index (moov), so it was cut off or is still being written; " +
            "copy it again completely, or repair it from another recording of the same camera.");

    public static VideoException CutOff(string path, double endSeconds, double declaredSeconds) =>
        new(VideoFault.Truncated, Inv($"{Name(path)} is cut off: {endSeconds:F2} s of {declaredSeconds:F2} s are there; ") +
            "copy it again completely, or allow a partial answer.");

    public static VideoException Incomplete(string path, MissingFrames missing, string reason) =>
        new(VideoFault.Broken, $"{Name(path)} can't be decoded {missing.Times}, so " +
            $"{missing.Count} of {Count(missing.Planned, "sampled frame")} {(missing.Count == 1 ? "is" : "are")} missing" +
            $"{Because(reason, path)}; re-encode it with ffmpeg, or allow a partial answer.");

    public static VideoException Broken(string path, string reason) =>
        new(VideoFault.Broken, $"{Name(path)} can't be read as a video{Because(reason, path)}; " +
            "check that it plays, or re-encode it with ffmpeg.");

    public static VideoException OverLimit(string path, string what, string value, string limit) =>
        new(VideoFault.OverLimit, $"{Name(path)} has {what} {value} and at most {limit} is allowed; use a smaller video or " +
            "fewer frames of it.");

    public static VideoException TooSlow(string path, TimeSpan limit) =>
        new(VideoFault.OverBudget, Inv($"{Name(path)} took more than {limit.TotalSeconds:0.###} s to read; ") +
            "re-encode it to a simpler form.");

    public static VideoException OverBudget(string path, VideoLimits limits) =>
        new(VideoFault.OverBudget, Inv($"{Name(path)} needs more than {limits.CpuTime.TotalSeconds:0} s of CPU time or ") +
            Inv($"{limits.MemoryBytes >> 20} MiB of memory to read; re-encode it to a smaller or simpler form."));

    public static VideoException ToolMissing(string tool, string variable) =>
        new(VideoFault.ToolMissing, $"The program {Name(tool)} was not found; install FFmpeg 5.1 or later, or set " +
            $"{variable} to its full path.");

    public static VideoException NoSandbox(string missing) =>
        new(VideoFault.NoSandbox, $"A sandbox for FFmpeg is required, but this machine lacks {missing}; " +
            "provide it, or do not require a sandbox.");

    /// <summary>A path in quotes, with control characters made visible so that it stays on one line.</summary>
    public static string Name(string path) => $"'{OneLine(path)}'";

    /// <summary>A number with its noun: "1 frame", "2 frames".</summary>
    public static string Count(long count, string noun) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {noun}{(count == 1 ? "" : "s")}");

    private static string Because(string reason, string path) =>
        reason.Length == 0 ? "" : $" (FFmpeg: {OneLine(reason, path)})";

    private static string OneLine(string text, string? withoutPath = null)
    {
        if (withoutPath is not null)
        {
            text = text.Replace($"file:{Path.GetFullPath(withoutPath)}: ", "", StringComparison.Ordinal);
        }

        return string.Concat(text.Trim().TrimEnd('.').Select(c => c switch
        {
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            _ when char.IsControl(c) => $"\\x{(int)c:x2}",
            _ => c.ToString(),
        }));
    }

    private static string Inv(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
