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

    private const int Margin = 2 << 20; // the largest page of x86-64 and of most ARM systems that files are mapped by

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
            var first = start;
            while (!destination.IsEmpty)
            {
                // Touching a mapped page beyond the end of a file kills the process without a word, so a file that
                // somebody is overwriting has to be noticed before each piece.
                if (RandomAccess.GetLength(file.SafeFileHandle) < byteCount)
                    throw new EndOfStreamException("the file was shortened while it was being read");
                var length = Math.Min(destination.Length, PieceByteCount);
                new ReadOnlySpan<byte>(start + offset, length).CopyTo(destination);
                Release(first, offset, length);
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

    private unsafe void Release(byte* first, long offset, int length)
    {
        if (!OperatingSystem.IsLinux())
            return;
        // A fault maps the neighbours too, up to the large page around it: without the margin 700 tensors left 270 MB behind.
        // The pages come from the file, so releasing one too many costs a fault, not data; and the result is advice: if the
        // system refuses it, the pages merely stay.
        var low = Math.Max(0, offset - Margin) / Environment.SystemPageSize * Environment.SystemPageSize;
        var high = Math.Min(byteCount, offset + length + Margin);
        _ = Advise((nuint)(first + low), (nuint)(high - low), DontNeed);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nuint address, nuint length, int advice);
}
