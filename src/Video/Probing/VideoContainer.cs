namespace HieraVid.Video;

/// <summary>The containers that are read. Anything else, above all playlists, is refused before FFmpeg sees
/// it.</summary>
public enum VideoContainer
{
    /// <summary>QuickTime, MP4 and their relatives.</summary>
    Mp4,

    /// <summary>Matroska and WebM.</summary>
    Matroska,

    /// <summary>MPEG transport stream, with 188 or 192 bytes a packet.</summary>
    MpegTs,

    /// <summary>Audio Video Interleave.</summary>
    Avi,

    /// <summary>Flash Video.</summary>
    Flv,

    /// <summary>Ogg.</summary>
    Ogg,
}
