namespace HieraVid.Video;

/// <summary>What kind of thing went wrong with a video; decides whose mistake it is and what to print.</summary>
public enum VideoFault
{
    /// <summary>There is no such file.</summary>
    NotFound,

    /// <summary>The path names a folder.</summary>
    IsFolder,

    /// <summary>The file exists but can't be opened or read.</summary>
    Unreadable,

    /// <summary>The file has no bytes (or is a device or a pipe).</summary>
    Empty,

    /// <summary>The content is not one of the containers that are read.</summary>
    NotVideo,

    /// <summary>The content is a list that points at other files; such lists are never followed.</summary>
    Playlist,

    /// <summary>The container holds sound but no pictures.</summary>
    NoVideoStream,

    /// <summary>There is a video stream without a single frame.</summary>
    NoFrames,

    /// <summary>The sampling rule needs more frames than there are.</summary>
    TooFewFrames,

    /// <summary>The file ends before its content does.</summary>
    Truncated,

    /// <summary>The content can't be parsed or decoded.</summary>
    Broken,

    /// <summary>The video is bigger than a ceiling allows.</summary>
    OverLimit,

    /// <summary>Reading took more time or memory than a ceiling allows.</summary>
    OverBudget,

    /// <summary>FFmpeg is not installed, or not where it was said to be.</summary>
    ToolMissing,

    /// <summary>A sandbox was required and can't be had on this machine.</summary>
    NoSandbox,
}
