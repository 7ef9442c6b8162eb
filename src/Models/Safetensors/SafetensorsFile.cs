using System.Runtime.InteropServices;

namespace HieraVid.Models.Safetensors;

/// <summary>
/// One safetensors file, opened by memory map. Opening checks the whole header against the file's size; afterwards
/// every entry is known to lie inside the file. Reading is safe from several threads at once.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    private readonly MappedFile mapped;

    private SafetensorsFile(
        string path, MappedFile mapped, List<TensorEntry> tensors, Dictionary<string, string> metadata)
    {
        Path = path;
        this.mapped = mapped;
        Tensors = tensors.ToDictionary(tensor => tensor.Name);
        Metadata = metadata;
    }

    /// <summary>The file's path as it was given.</summary>
    public string Path { get; }

    /// <summary>The tensors by name; enumerated in the order of their data.</summary>
    public IReadOnlyDictionary<string, TensorEntry> Tensors { get; }

    /// <summary>The free-form strings of the header's <c>__metadata__</c>; empty if it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens and checks a file.</summary>
    /// <exception cref="ModelException">It does not exist, cannot be read, or breaks a rule of the format.</exception>
    public static SafetensorsFile Open(string path)
    {
        if (!File.Exists(path))
            throw ModelException.NotFound(path, "check the path or download the checkpoint again");
        FileStream? stream = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            var (tensors, metadata) = SafetensorsHeader.Read(path, stream, stream.Length);
            return new SafetensorsFile(path, new MappedFile(stream), tensors, metadata);
        }
        catch (Exception error)
        {
            stream?.Dispose();
            if (error is IOException or UnauthorizedAccessException)
                throw ModelException.Unreadable(path, error);
            throw;
        }
    }

    /// <summary>Copies a tensor's bytes; the resident set grows by little more than the destination.</summary>
    /// <param name="tensor">An entry of this file.</param>
    /// <param name="destination">Exactly <see cref="TensorEntry.ByteCount"/> bytes.</param>
    /// <exception cref="ArgumentException">The destination has another size than the tensor.</exception>
    /// <exception cref="ModelException">The file has changed since it was opened.</exception>
    public void CopyTo(TensorEntry tensor, Span<byte> destination)
    {
        if (destination.Length != tensor.ByteCount)
            throw new ArgumentException(
                $"The destination has {destination.Length} bytes, tensor {tensor.Name} has {tensor.ByteCount}.");
        CopyTo(tensor, 0, destination);
    }

    /// <summary>Copies a part of a tensor's bytes, for tensors of more than 2 GB.</summary>
    /// <param name="tensor">An entry of this file.</param>
    /// <param name="start">The first byte, counted from the beginning of the tensor.</param>
    /// <param name="destination">As many bytes as are wanted.</param>
    /// <exception cref="ArgumentOutOfRangeException">The part does not lie inside the tensor.</exception>
    /// <exception cref="ModelException">The file has changed since it was opened.</exception>
    public void CopyTo(TensorEntry tensor, long start, Span<byte> destination)
    {
        // The entry may come from another file: without this check a wrong one could read beyond the map.
        if (!Tensors.TryGetValue(tensor.Name, out var own) || !ReferenceEquals(own, tensor))
            throw new ArgumentException($"{tensor.Name} is not an entry of {Path}.", nameof(tensor));
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, tensor.ByteCount - destination.Length);
        try
        {
            mapped.Read(tensor.Offset + start, destination);
        }
        catch (EndOfStreamException error)
        {
            throw ModelException.Unreadable(Path, error);
        }
    }

    /// <summary>Reads a small tensor whole, without conversion.</summary>
    /// <typeparam name="T">The element's own type, or <see cref="ushort"/> for the bits of F16 and BF16.</typeparam>
    /// <returns>The elements, row-major.</returns>
    /// <exception cref="ArgumentException">The tensor's elements are not of that type.</exception>
    public T[] Read<T>(TensorEntry tensor) where T : unmanaged
    {
        if (!tensor.DType.ReadsAs<T>())
            throw new ArgumentException(
                $"Tensor {tensor.Name} is {tensor.DType.HeaderName()}, which cannot be read as {typeof(T).Name}.");
        var elements = new T[tensor.ElementCount];
        CopyTo(tensor, MemoryMarshal.AsBytes(elements.AsSpan()));
        return elements;
    }

    /// <summary>Reads a tensor of BF16, F16, F32 or F64 as single-precision numbers.</summary>
    /// <returns>The elements, row-major; only F64 loses precision.</returns>
    /// <exception cref="ArgumentException">The tensor holds something else.</exception>
    public float[] ReadFloats(TensorEntry tensor) => tensor.DType switch
    {
        DType.F32 => Read<float>(tensor),
        DType.F64 => Array.ConvertAll(Read<double>(tensor), value => (float)value),
        DType.F16 => Array.ConvertAll(Read<Half>(tensor), value => (float)value),
        DType.BF16 => Array.ConvertAll(Read<ushort>(tensor), bits => BitConverter.UInt32BitsToSingle((uint)bits << 16)),
        _ => throw new ArgumentException($"Tensor {tensor.Name} is {tensor.DType.HeaderName()}, not a float."),
    };

    /// <summary>Unmaps and closes the file.</summary>
    public void Dispose() => mapped.Dispose();
}
