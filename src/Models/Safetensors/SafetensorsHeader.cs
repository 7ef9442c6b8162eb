using System.Buffers.Binary;
using System.Text.Json;

namespace HieraVid.Models.Safetensors;

/// <summary>
/// Parses and checks the header of a safetensors file. Everything a file may lie about is compared with the file's real
/// size here, so that the code behind it can trust every offset.
/// </summary>
internal static class SafetensorsHeader
{
    /// <summary>The format's own limit: 100 MB of JSON.</summary>
    public const long MaxByteCount = 100_000_000;

    private const int PrefixByteCount = sizeof(ulong);

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 8 };

    /// <summary>Reads the header of an open file.</summary>
    /// <param name="path">The file's name for messages.</param>
    /// <param name="stream">The file, read from its beginning.</param>
    /// <param name="fileByteCount">The file's size.</param>
    /// <returns>The tensors in the order of their data, and the free-form metadata.</returns>
    /// <exception cref="ModelException">The header breaks a rule of the format.</exception>
    public static (List<TensorEntry> Tensors, Dictionary<string, string> Metadata) Read(
        string path, Stream stream, long fileByteCount)
    {
        if (fileByteCount < PrefixByteCount)
            throw ModelException.Damaged(path, $"{fileByteCount} bytes are too few for a safetensors file");
        Span<byte> prefix = stackalloc byte[PrefixByteCount];
        stream.ReadExactly(prefix);
        var headerByteCount = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerByteCount > MaxByteCount)
            throw ModelException.Damaged(path,
                $"its header claims {headerByteCount} bytes where {MaxByteCount} are allowed");
        var dataStart = PrefixByteCount + (long)headerByteCount;
        if (dataStart > fileByteCount)
            throw ModelException.Damaged(path,
                $"its header claims {headerByteCount} bytes but the file has only {fileByteCount}");

        var json = new byte[headerByteCount];
        stream.ReadExactly(json);
        if (json.Length == 0 || json[0] != (byte)'{')
            throw ModelException.Damaged(path, "its header does not begin with {");
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            return Parse(path, document.RootElement, dataStart, fileByteCount);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a string with a lone surrogate or invalid UTF-8 inside otherwise valid JSON.
            throw ModelException.Damaged(path, $"its header is not valid JSON ({error.Message.TrimEnd('.')})", error);
        }
    }

    private static (List<TensorEntry>, Dictionary<string, string>) Parse(
        string path, JsonElement root, long dataStart, long fileByteCount)
    {
        var tensors = new List<TensorEntry>();
        var metadata = new Dictionary<string, string>();
        var names = new HashSet<string>();
        foreach (var property in root.EnumerateObject())
        {
            if (!names.Add(property.Name))
                throw ModelException.Damaged(path, $"its header names {property.Name} twice");
            if (property.Name == "__metadata__")
                ReadMetadata(path, property.Value, metadata);
            else
                tensors.Add(ReadEntry(path, property.Name, property.Value, dataStart, fileByteCount));
        }

        // Empty tensors share their offset with a neighbour: they come first, so that the others stay gapless.
        tensors.Sort((a, b) => (a.Offset, a.ByteCount).CompareTo((b.Offset, b.ByteCount)));
        CheckLayout(path, tensors, dataStart, fileByteCount);
        return (tensors, metadata);
    }

    private static void ReadMetadata(string path, JsonElement value, Dictionary<string, string> metadata)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw ModelException.Damaged(path, "its __metadata__ is not an object");
        foreach (var property in value.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.String)
                throw ModelException.Damaged(path, $"its __metadata__ value {property.Name} is not a string");
            metadata[property.Name] = property.Value.GetString()!;
        }
    }

    private static TensorEntry ReadEntry(
        string path, string name, JsonElement value, long dataStart, long fileByteCount)
    {
        if (value.ValueKind != JsonValueKind.Object
            || !value.TryGetProperty("dtype", out var typeName) || typeName.ValueKind != JsonValueKind.String
            || !value.TryGetProperty("shape", out var shapeValues)
            || !value.TryGetProperty("data_offsets", out var offsetValues))
            throw ModelException.Damaged(path, $"tensor {name} lacks a dtype, shape or data_offsets");
        if (DTypes.Parse(typeName.GetString()!) is not { } dtype)
            throw ModelException.Unsupported(path, $"dtype {typeName.GetString()} of tensor {name}",
                $"convert the checkpoint to one of {DTypes.Names}");

        var shape = ReadNumbers(path, $"the shape of tensor {name}", shapeValues);
        var offsets = ReadNumbers(path, $"data_offsets of tensor {name}", offsetValues);
        var dataByteCount = fileByteCount - dataStart;
        if (offsets.Length != 2 || offsets[0] > offsets[1] || offsets[1] > dataByteCount)
            throw ModelException.Damaged(path,
                $"data_offsets [{string.Join(", ", offsets)}] of tensor {name} do not lie inside its {dataByteCount} " +
                "bytes of data");
        var byteCount = offsets[1] - offsets[0];
        if (CountBytes(shape, dtype) != byteCount)
            throw ModelException.Damaged(path,
                $"tensor {name} of shape [{string.Join(", ", shape)}] and dtype {dtype.HeaderName()} occupies " +
                $"{byteCount} bytes");
        return new TensorEntry(name, dtype, shape, dataStart + offsets[0], byteCount);
    }

    private static long[] ReadNumbers(string path, string what, JsonElement values)
    {
        if (values.ValueKind != JsonValueKind.Array)
            throw ModelException.Damaged(path, $"{what} is not an array");
        var numbers = new long[values.GetArrayLength()];
        var count = 0;
        foreach (var value in values.EnumerateArray())
        {
            if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt64(out var number) || number < 0)
                throw ModelException.Damaged(path, $"{what} holds {value.GetRawText()}, which is no count");
            numbers[count++] = number;
        }
        return numbers;
    }

    /// <summary>The size of a tensor in bytes, or -1 if it exceeds 64 bits.</summary>
    internal static long CountBytes(long[] shape, DType dtype)
    {
        // A zero anywhere makes the tensor empty, whatever the other dimensions claim.
        if (shape.Contains(0))
            return 0;
        try
        {
            return shape.Aggregate((long)dtype.SizeOf(), (count, dimension) => checked(count * dimension));
        }
        catch (OverflowException)
        {
            return -1;
        }
    }

    private static void CheckLayout(string path, List<TensorEntry> tensors, long dataStart, long fileByteCount)
    {
        var end = dataStart;
        foreach (var tensor in tensors)
        {
            if (tensor.Offset != end)
                throw ModelException.Damaged(path, tensor.Offset < end
                    ? $"the data of tensor {tensor.Name} overlaps that of another"
                    : $"{tensor.Offset - end} bytes before the data of tensor {tensor.Name} belong to no tensor");
            end += tensor.ByteCount;
        }
        if (end != fileByteCount)
            throw ModelException.Damaged(path, $"its last {fileByteCount - end} bytes belong to no tensor");
    }
}
