using System.Buffers.Binary;

namespace HieraVid.Video;

/// <summary>What a container's outermost headers say about the file as a whole.</summary>
/// <param name="DeclaredBytes">How long the file must be by its own headers; null where they don't say.</param>
/// <param name="IsIndexAtEnd">The index (moov) comes after the pictures, so a network reader has to fetch both
/// ends.</param>
internal sealed record ContainerLayout(long? DeclaredBytes, bool IsIndexAtEnd)
{
    private static readonly ContainerLayout Unknown = new(null, false);

    /// <summary>Reads the outermost headers, a few dozen bytes whatever the file's size.</summary>
    public static ContainerLayout Read(VideoFile file)
    {
        using var stream = new FileStream(file.FullPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 64);
        return file.Container switch
        {
            VideoContainer.Mp4 => ReadMp4(stream),
            VideoContainer.Matroska => ReadMatroska(stream),
            VideoContainer.Avi => ReadAvi(stream),
            _ => Unknown,
        };
    }

    private static ContainerLayout ReadMp4(FileStream stream)
    {
        const int MaxBoxes = 10_000; // a fragmented file has two boxes per fragment; enough for hours
        Span<byte> header = stackalloc byte[16];
        long at = 0;
        bool hasSeenPictures = false, isIndexAtEnd = false;
        for (int box = 0; box < MaxBoxes && at < stream.Length; box++)
        {
            stream.Position = at;
            int got = stream.ReadAtLeast(header, 16, throwOnEndOfStream: false);
            if (got < 8)
                break;
            long size = BinaryPrimitives.ReadUInt32BigEndian(header);
            var type = header.Slice(4, 4);
            if (size == 1 && got == 16)
                size = BinaryPrimitives.ReadInt64BigEndian(header[8..]);
            else if (size == 0)
                size = stream.Length - at;
            if (size < 8 || size > long.MaxValue - at)
                return new(null, isIndexAtEnd);
            hasSeenPictures |= type.SequenceEqual("mdat"u8);
            isIndexAtEnd |= type.SequenceEqual("moov"u8) && hasSeenPictures;
            at += size;
        }

        return new(at, isIndexAtEnd);
    }

    private static ContainerLayout ReadMatroska(FileStream stream)
    {
        const uint Segment = 0x18538067;
        if (ReadElement(stream) is not { } header || header.Size is not { } headerSize)
            return Unknown;
        stream.Position += Math.Min(headerSize, stream.Length);
        if (ReadElement(stream) is not { Id: Segment, Size: { } size } || size > long.MaxValue - stream.Position)
            return Unknown;
        return new(stream.Position + size, false);
    }

    private static ContainerLayout ReadAvi(FileStream stream)
    {
        Span<byte> header = stackalloc byte[8];
        stream.ReadExactly(header);
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
        // Recorders that never came back to fill in the size leave 0 or all ones.
        return size is 0 or uint.MaxValue ? Unknown : new(8L + size, false);
    }

    // An element is an id and a size, both of 1 to 8 bytes by their leading zero bits; all ones mean "unknown size".
    private static (uint Id, long? Size)? ReadElement(FileStream stream)
    {
        int first = stream.ReadByte();
        int length = first <= 0 ? 9 : System.Numerics.BitOperations.LeadingZeroCount((uint)first) - 23;
        if (length > 4)
            return null;
        uint id = (uint)first;
        for (int i = 1; i < length; i++)
            id = id << 8 | (byte)stream.ReadByte();

        first = stream.ReadByte();
        length = first <= 0 ? 9 : System.Numerics.BitOperations.LeadingZeroCount((uint)first) - 23;
        if (length > 8)
            return null;
        long size = first & (0xFF >> length);
        long allOnes = 0xFF >> length;
        for (int i = 1; i < length; i++)
        {
            size = size << 8 | (byte)stream.ReadByte();
            allOnes = allOnes << 8 | 0xFF;
        }

        return (id, size == allOnes ? null : size);
    }
}
