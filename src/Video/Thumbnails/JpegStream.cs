namespace HieraVid.Video;

/// <summary>Cuts a stream of JPEG files that follow each other into the files.</summary>
/// <param name="maxPictureBytes">More than this without an end is no picture of ours.</param>
internal sealed class JpegStream(int maxPictureBytes)
{
    private const byte Prefix = 0xFF, Start = 0xD8, End = 0xD9, Scan = 0xDA;

    // Headers, tables and a few blocks need room whatever the picture's size.
    private readonly int most = maxPictureBytes + (64 << 10);
    private readonly List<byte> pending = [];

    // Where the next marker is looked for, and whether that is inside entropy-coded data.
    private int at;
    private bool isInScan;

    /// <summary>Adds bytes; the pictures that they complete.</summary>
    public List<byte[]> Take(ReadOnlySpan<byte> bytes)
    {
        pending.AddRange(bytes);
        var done = new List<byte[]>();
        while (FindEnd() is { } end)
        {
            done.Add([.. pending.Take(end)]);
            pending.RemoveRange(0, end);
            (at, isInScan) = (0, false);
        }

        return pending.Count <= most ? done : throw new InvalidDataException("FFmpeg delivered something else than JPEG.");
    }

    // Tables and comments may hold any bytes, so they are passed over by their length; only in the scan, where an FF of
    // the data is always followed by 00, does FF D9 mean the end.
    private int? FindEnd()
    {
        while (at + 1 < pending.Count)
        {
            if (isInScan)
            {
                if (pending[at] == Prefix && pending[at + 1] == End)
                    return at + 2;
                at++;
                continue;
            }

            if (pending[at] != Prefix)
                throw new InvalidDataException("FFmpeg delivered something else than JPEG.");
            if (pending[at + 1] == Start)
            {
                at += 2;
                continue;
            }

            if (at + 3 >= pending.Count)
                return null;
            isInScan = pending[at + 1] == Scan;
            at += 2 + (pending[at + 2] << 8 | pending[at + 3]);
        }

        return null;
    }
}
