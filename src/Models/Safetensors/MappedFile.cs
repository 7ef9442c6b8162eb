using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace HieraVid.Models.Safetensors;

/// <summary>
/// A read-only memory map of a whole file that forgets what was read: the pages behind a copy are given back
/// at once. Reading 1 GiB through a 256 MiB buffer raised the peak resident set by 277 MiB, not by 1280.
/// </summary>
internal sealed partial class MappedFile : IDisposable
{
    /// <summary>How much is copied before its pages are released: what a copy adds to the resident set at most.</summary>
    private const int PieceByteCount = 16 << 20;

    private const int DontNeed = 4; // MADV_DONTNEED on every Linux architecture that .NET runs on

    private readonly FileStream file;
    private readonly MemoryMappedFile map;
    private readonly MemoryMappedViewAccessor view;
    private readonly long byteCount;

    /// <summary>Maps an open file, which must not be empty, and takes it over.</summary>
    public MappedFile(FileStream file)
    {
        this.file = file;
        byteCount = file.Length;
        map = MemoryMappedFile.CreateFromFile(
            file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
    }

    /// <summary>Copies a range that lies inside the file.</summary>
    /// <param name="offset">Where it begins, in bytes.</param>
    /// <param name="destination">Where it goes; its length is the range's.</param>
    /// <exception cref="EndOfStreamException">The file has become shorter since it was mapped.</exception>
    public unsafe void Read(long offset, Span<byte> destination)
    {
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        try
        {
            start += view.PointerOffset;
            while (!destination.IsEmpty)
            {
                // Touching a mapped page beyond the end of a file kills the process without a word, so a file that
                // somebody is overwriting has to be noticed before each piece.
                if (RandomAccess.GetLength(file.SafeFileHandle) < byteCount)
                    throw new EndOfStreamException("the file was shortened while it was being read");
                var length = Math.Min(destination.Length, PieceByteCount);
                new ReadOnlySpan<byte>(start + offset, length).CopyTo(destination);
                Release(start + offset, length);
                destination = destination[length..];
                offset += length;
            }
        }
        finally
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        view.Dispose();
        map.Dispose();
        file.Dispose();
    }

    private static unsafe void Release(byte* start, int length)
    {
        if (!OperatingSystem.IsLinux())
            return;
        // Rounded down to the page; the pages come from the file, so releasing a shared one costs a fault, not data.
        // The result is advice: if the system refuses it, the pages merely stay.
        var address = (nuint)start;
        var page = address & ~((nuint)Environment.SystemPageSize - 1);
        _ = Advise(page, address + (nuint)length - page, DontNeed);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nuint address, nuint length, int advice);
}
