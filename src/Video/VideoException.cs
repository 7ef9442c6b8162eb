namespace HieraVid.Video;

/// <summary>
/// A video that can't be used. The message is one sentence that names the input, what is wrong with it and what to do;
/// it can be shown to the user as it is.
/// </summary>
public sealed class VideoException : Exception
{
    internal VideoException(VideoFault kind, string message, Exception? inner = null)
        : base(message, inner) => Kind = kind;

    /// <summary>The kind of fault.</summary>
    public VideoFault Kind { get; }

    /// <summary>Whether the input is to blame (the user's mistake) and not the installation.</summary>
    public bool IsUsersMistake => Kind is not (VideoFault.ToolMissing or VideoFault.NoSandbox);
}
