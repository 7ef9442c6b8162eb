using System.Buffers.Binary;

namespace HieraVid.Video;

/// <summary>
/// Tells the container from a file's first bytes. FFmpeg is then told that demuxer by name: left to guess, it takes a
/// text file named .mp4 for a playlist and opens whatever the playlist names.
/// </summary>
public static class ContainerSignature
{
    /// <summary>How many first bytes are enough.</summary>
    public const int Length = 4096;

    private const int TsPacket = 188;
    private const int M2tsPacket = 192;

    /// <summary>The container whose signature these bytes carry, or null.</summary>
    public static VideoContainer? Detect(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith((ReadOnlySpan<byte>)[0x1A, 0x45, 0xDF, 0xA3]))
            return VideoContainer.Matroska;
        if (IsMp4(head))
            return VideoContainer.Mp4;
        if (head.Length >= 12 && head.StartsWith("RIFF"u8) && head[8..].StartsWith("AVI "u8))
            return VideoContainer.Avi;
        if (head.StartsWith("FLV\x01"u8))
            return VideoContainer.Flv;
        if (head.StartsWith("OggS\0"u8))
            return VideoContainer.Ogg;
        return HasSyncBytes(head, 0, TsPacket) || HasSyncBytes(head, 4, M2tsPacket) ? VideoContainer.MpegTs : null;
    }

    /// <summary>The name of FFmpeg's demuxer for a container, for its option -f.</summary>
    public static string Demuxer(VideoContainer container) => container switch
    {
        VideoContainer.Mp4 => "mov",
        VideoContainer.Matroska => "matroska",
        VideoContainer.MpegTs => "mpegts",
        VideoContainer.Avi => "avi",
        VideoContainer.Flv => "flv",
        VideoContainer.Ogg => "ogg",
        _ => throw new ArgumentOutOfRangeException(nameof(container), container, null),
    };

    /// <summary>Whether the bytes begin a list of other files (HLS, DASH, ffconcat, other text lists).</summary>
    public static bool IsPlaylist(ReadOnlySpan<byte> head)
    {
        var text = WithoutByteOrderMark(head).TrimStart(" \t\r\n"u8);
        return text.StartsWith("#EXTM3U"u8) || text.StartsWith("ffconcat"u8) || text.StartsWith("[playlist]"u8) ||
            (text.StartsWith("<"u8) && text.IndexOf("<MPD"u8) >= 0) ||
            (text.StartsWith("file "u8) && IsText(text));
    }

    /// <summary>What the bytes look like, for the sentence that refuses them.</summary>
    public static string Describe(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G']))
            return "a PNG picture";
        if (head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]))
            return "a JPEG picture";
        if (head.StartsWith("GIF8"u8))
            return "a GIF picture";
        if (head.StartsWith("ID3"u8) || (head.StartsWith("RIFF"u8) && head.IndexOf("WAVE"u8) == 8) ||
            head.StartsWith("fLaC"u8))
            return "a sound file";
        return IsText(WithoutByteOrderMark(head)) ? "text" : "an unknown kind of data";
    }

    private static bool IsMp4(ReadOnlySpan<byte> head)
    {
        if (head.Length < 8)
            return false;
        // A box size of 1 means that 64 bits follow, 0 that the box reaches to the end of the file.
        uint size = BinaryPrimitives.ReadUInt32BigEndian(head);
        var type = head.Slice(4, 4);
        return (size >= 8 || size <= 1) &&
            (type.SequenceEqual("ftyp"u8) || type.SequenceEqual("moov"u8) || type.SequenceEqual("mdat"u8) ||
             type.SequenceEqual("styp"u8) || type.SequenceEqual("free"u8) || type.SequenceEqual("skip"u8) ||
             type.SequenceEqual("wide"u8) || type.SequenceEqual("pnot"u8));
    }

    // One byte in 256 is a sync byte by chance; five in a row, 188 bytes apart, are not.
    private static bool HasSyncBytes(ReadOnlySpan<byte> head, int first, int packet)
    {
        int seen = 0;
        for (int i = first; i < head.Length && seen < 5; i += packet, seen++)
        {
            if (head[i] != 0x47)
                return false;
        }

        return seen >= 3;
    }

    private static ReadOnlySpan<byte> WithoutByteOrderMark(ReadOnlySpan<byte> head) =>
        head.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? head[3..] : head;

    private static bool IsText(ReadOnlySpan<byte> head)
    {
        foreach (byte b in head)
        {
            if (b < 0x20 && b is not ((byte)'\n' or (byte)'\r' or (byte)'\t'))
                return false;
        }

        return true;
    }
}
