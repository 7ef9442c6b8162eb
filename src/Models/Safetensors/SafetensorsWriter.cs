using System.Buffers.Binary;
using System.Text.Json;

namespace HieraVid.Models.Safetensors;

/// <summary>
/// Writes safetensors files without holding them in memory: the tensors are declared first, then a callback delivers
/// the bytes of one after the other. A file appears under its name only when it is complete and on the disk.
/// </summary>
public static class SafetensorsWriter
{
    private const int Alignment = 64;

    /// <summary>Writes one file, replacing an older one.</summary>
    /// <param name="path">Where it goes; the folder must exist.</param>
    /// <param name="tensors">
    /// What it holds. The data is laid out in this order, but wide elements before narrow ones, so that every tensor is
    /// aligned to its own elements.
    /// </param>
    /// <param name="write">
    /// Called once per tensor in the order of the layout; must deliver exactly its bytes.
    /// </param>
    /// <param name="metadata">Free-form strings for the header.</param>
    /// <exception cref="ModelException">The file cannot be written: no folder, no permission, no space.</exception>
    /// <exception cref="ArgumentException">Two tensors have the same name, or a shape is impossible.</exception>
    public static void Write(
        string path,
        IReadOnlyList<TensorSpec> tensors,
        Action<TensorSink> write,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        var temporary = TemporaryName(path);
        try
        {
            WriteWhole(path, temporary, tensors, write, metadata);
            Replace(temporary, path);
        }
        catch
        {
            Discard(temporary);
            throw;
        }
    }

    /// <summary>The name under which a file grows until it is complete: beside it, so that the rename is atomic.</summary>
    internal static string TemporaryName(string path) => $"{path}.{Guid.NewGuid():N}.tmp";

    /// <summary>Removes a file that may not have come into being, nor its folder.</summary>
    internal static void Discard(string path)
    {
        if (File.Exists(path))
            File.Delete(path);
    }

    /// <summary>Gives a complete file its name.</summary>
    internal static void Replace(string temporary, string path)
    {
        try
        {
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw ModelException.Unwritable(path, new FileInfo(temporary).Length, error);
        }
    }

    /// <summary>Writes a complete file under a temporary name; <paramref name="path"/> is for messages.</summary>
    internal static void WriteWhole(
        string path,
        string temporary,
        IReadOnlyList<TensorSpec> tensors,
        Action<TensorSink> write,
        IReadOnlyDictionary<string, string>? metadata)
    {
        var layout = tensors.OrderByDescending(tensor => tensor.DType.SizeOf()).ToList();
        var header = FormatHeader(layout, metadata);
        var byteCount = layout.Aggregate((long)header.Length, (sum, tensor) => checked(sum + tensor.ByteCount));
        try
        {
            // Reserving the space first makes a disk that is too small an error now, not after an hour of writing.
            using var stream = new FileStream(temporary, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                PreallocationSize = byteCount,
                BufferSize = 1 << 20,
            });
            stream.Write(header);
            foreach (var tensor in layout)
            {
                var sink = new TensorSink(tensor, stream);
                write(sink);
                if (sink.RemainingBytes != 0)
                    throw new InvalidOperationException(
                        $"Tensor {tensor.Name} of {tensor.ByteCount} bytes was left {sink.RemainingBytes} short.");
            }
            stream.Flush(flushToDisk: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw ModelException.Unwritable(path, byteCount, error);
        }
    }

    private static byte[] FormatHeader(List<TensorSpec> layout, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        buffer.Write(stackalloc byte[sizeof(ulong)]);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata)
                    json.WriteString(key, value);
                json.WriteEndObject();
            }
            WriteEntries(json, layout);
            json.WriteEndObject();
        }
        while (buffer.Length % Alignment != 0)
            buffer.WriteByte((byte)' ');
        var header = buffer.ToArray();
        if (header.Length - sizeof(ulong) > SafetensorsHeader.MaxByteCount)
            throw new ArgumentException($"{layout.Count} tensors need a larger header than the format allows.");
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)(header.Length - sizeof(ulong)));
        return header;
    }

    private static void WriteEntries(Utf8JsonWriter json, List<TensorSpec> layout)
    {
        var names = new HashSet<string> { "__metadata__" };
        var offset = 0L;
        foreach (var tensor in layout)
        {
            if (!names.Add(tensor.Name))
                throw new ArgumentException($"A file cannot hold two tensors named {tensor.Name}.");
            json.WriteStartObject(tensor.Name);
            json.WriteString("dtype", tensor.DType.HeaderName());
            json.WriteStartArray("shape");
            foreach (var dimension in tensor.Shape)
                json.WriteNumberValue(dimension);
            json.WriteEndArray();
            json.WriteStartArray("data_offsets");
            json.WriteNumberValue(offset);
            json.WriteNumberValue(offset += tensor.ByteCount);
            json.WriteEndArray();
            json.WriteEndObject();
        }
    }
}
