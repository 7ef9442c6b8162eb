namespace HieraVid.Video;

/// <summary>Everything about a video that can be known without decoding it.</summary>
public sealed record VideoInfo
{
    /// <summary>The absolute path.</summary>
    public required string Path { get; init; }

    /// <summary>The container, from the file's signature.</summary>
    public required VideoContainer Container { get; init; }

    /// <summary>The codec, as FFmpeg names it.</summary>
    public required string Codec { get; init; }

    /// <summary>The pixel format, as FFmpeg names it.</summary>
    public required string PixelFormat { get; init; }

    /// <summary>Width of the stored pictures, before rotation.</summary>
    public required int CodedWidth { get; init; }

    /// <summary>Height of the stored pictures, before rotation.</summary>
    public required int CodedHeight { get; init; }

    /// <summary>Degrees, clockwise, by which a player turns the stored pictures.</summary>
    public required int RotationDegrees { get; init; }

    /// <summary>Width of one stored pixel divided by its height.</summary>
    public required double SampleAspectRatio { get; init; }

    /// <summary>Length in seconds: from the container, else from the frames.</summary>
    public required double DurationSeconds { get; init; }

    /// <summary>Whether the container itself declares a length.</summary>
    public required bool DeclaresDuration { get; init; }

    /// <summary>Average frames per second.</summary>
    public required double AverageFps { get; init; }

    /// <summary>Whether some frame is shown more than one frame interval away from where a constant rate would put
    /// it.</summary>
    public required bool IsVariableFrameRate { get; init; }

    /// <summary>When each frame is shown, in seconds from the container's start, in order.</summary>
    public required double[] TimestampsSeconds { get; init; }

    /// <summary>When each frame is shown, in the stream's own units; this is what identifies a frame to the
    /// decoder.</summary>
    public required long[] FrameTicks { get; init; }

    /// <summary>The frames at which decoding can begin.</summary>
    public required int[] KeyFrames { get; init; }

    /// <summary>
    /// Whether decoding may begin at any key frame and still tell every frame by its timestamp: the container stores a
    /// presentation time with each frame, and the key frames are in order. If not, decoding begins at the file's beginning.
    /// </summary>
    public required bool CanSeek { get; init; }

    /// <summary>When the last frame stops being shown, in seconds.</summary>
    public required double FramesEndSeconds { get; init; }

    /// <summary>Seconds at the end that the container declares but the file lacks; 0 for a complete file.</summary>
    public required double MissingTailSeconds { get; init; }

    /// <summary>Whether an MP4's index comes after the pictures.</summary>
    public required bool IsIndexAtEnd { get; init; }

    /// <summary>Streams of all kinds in the file.</summary>
    public required int StreamCount { get; init; }

    /// <summary>The file's size.</summary>
    public required long FileBytes { get; init; }

    /// <summary>Number of frames, exactly.</summary>
    public int FrameCount => TimestampsSeconds.Length;

    /// <summary>Whether the file ends before its content does.</summary>
    public bool IsTruncated => MissingTailSeconds > 0;

    /// <summary>Width of decoded frames: after rotation, pixels as stored.</summary>
    public int Width => IsTurned ? CodedHeight : CodedWidth;

    /// <summary>Height of decoded frames: after rotation, pixels as stored.</summary>
    public int Height => IsTurned ? CodedWidth : CodedHeight;

    /// <summary>Width at which a player shows the video: <see cref="Width"/> with pixels made square.</summary>
    public int DisplayWidth => IsTurned ? Width : (int)Math.Round(Width * SampleAspectRatio);

    /// <summary>Height at which a player shows the video: <see cref="Height"/> with pixels made square.</summary>
    public int DisplayHeight => IsTurned ? (int)Math.Round(Height * SampleAspectRatio) : Height;

    private bool IsTurned => RotationDegrees is 90 or 270;

    /// <summary>Path, codec, size, rate and length in one line.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{Path}: {Codec} {Width}x{Height}, {AverageFps:0.###} fps, {DurationSeconds:0.##} s, {VideoErrors.Count(FrameCount, "frame")}");
}
