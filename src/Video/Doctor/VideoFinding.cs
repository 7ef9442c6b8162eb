namespace HieraVid.Video;

/// <summary>How much a finding matters.</summary>
public enum FindingSeverity
{
    /// <summary>Good to know; the answer isn't affected.</summary>
    Note,

    /// <summary>Costs time, or makes other tools disagree about what is shown when.</summary>
    Warning,

    /// <summary>Part of the video can't be used.</summary>
    Error,
}

/// <summary>What is unusual about a video.</summary>
public enum FindingKind
{
    /// <summary>The file ends before its content does.</summary>
    CutOff,

    /// <summary>Decoding can begin at few places only.</summary>
    LongGop,

    /// <summary>Frames are not evenly spaced in time.</summary>
    VariableFrameRate,

    /// <summary>The container declares no length.</summary>
    NoDuration,

    /// <summary>The index comes after the pictures.</summary>
    IndexAtEnd,

    /// <summary>A codec that is rare in videos.</summary>
    OddCodec,

    /// <summary>A pixel format that is rare in videos.</summary>
    OddPixelFormat,

    /// <summary>Far more pixels than any model sees.</summary>
    LargeFrames,

    /// <summary>Pictures are stored turned.</summary>
    Rotation,

    /// <summary>Pixels are not square.</summary>
    NonSquarePixels,
}

/// <summary>One thing about a video that is worth knowing.</summary>
/// <param name="Severity">How much it matters.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Why">One sentence: what was found and why it matters.</param>
/// <param name="Fix">The command that fixes it, ready for a POSIX shell.</param>
public sealed record VideoFinding(FindingSeverity Severity, FindingKind Kind, string Why, string Fix);
