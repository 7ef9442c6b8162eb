using System.Security.Cryptography;
using HieraVid.Models;
using HieraVid.Models.Safetensors;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pipeline.Tokens;

/// <summary>
/// Tensors in a file that says whose they are: safetensors, with the facts and a checksum in the header. A file appears
/// under its name only when it is complete; one that was damaged or belongs to something else is as good as none.
/// </summary>
internal static class TokenBlock
{
    private const string Checksum = "sha256";

    /// <summary>Writes a block, replacing an older one.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="tensors">By name, on any device.</param>
    /// <param name="facts">What the reader will ask for.</param>
    /// <exception cref="ModelException">It cannot be written: no folder, no permission, no space.</exception>
    internal static void Write(
        string path, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string> facts)
    {
        using var scope = NewDisposeScope();
        var data = tensors.ToDictionary(named => named.Key, named => named.Value.cpu().contiguous());
        List<TensorSpec> specs = [.. data.Select(named => new TensorSpec(named.Key, TypeOf(named.Value), named.Value.shape))];
        var metadata = new Dictionary<string, string>(facts) { [Checksum] = Digest(data) };
        SafetensorsWriter.Write(path, specs, sink =>
        {
            foreach (var piece in TensorData.Pieces(data[sink.Tensor.Name]))
                sink.Write(piece.bytes);
        }, metadata);
    }

    /// <summary>Reads a block.</summary>
    /// <param name="path">The file.</param>
    /// <param name="facts">What it must say of itself.</param>
    /// <param name="device">Where the tensors are to be.</param>
    /// <returns>
    /// Its tensors, in no dispose scope; null if there is none, or if it is damaged or somebody else's.
    /// </returns>
    internal static IReadOnlyDictionary<string, Tensor>? Read(
        string path, IReadOnlyDictionary<string, string> facts, Device device)
    {
        if (!File.Exists(path))
            return null;
        using var scope = NewDisposeScope();
        try
        {
            using var file = SafetensorsFile.Open(path);
            if (facts.Any(fact => file.Metadata.GetValueOrDefault(fact.Key) != fact.Value))
                return null;
            var data = new Dictionary<string, Tensor>();
            foreach (var (name, entry) in file.Tensors)
            {
                var tensor = data[name] = empty([.. entry.Shape], TypeOf(entry.DType));
                long start = 0;
                foreach (var piece in TensorData.Pieces(tensor))
                {
                    var bytes = piece.bytes;
                    file.CopyTo(entry, start, bytes);
                    start += bytes.Length;
                }
            }
            if (file.Metadata.GetValueOrDefault(Checksum) != Digest(data))
                return null;
            return data.ToDictionary(named => named.Key, named => named.Value.to(device).DetachFromDisposeScope());
        }
        catch (ModelException)
        {
            return null;
        }
    }

    // Over names, types, shapes and data, in the order of the names.
    private static string Digest(Dictionary<string, Tensor> tensors)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, tensor) in tensors.OrderBy(named => named.Key, StringComparer.Ordinal))
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes($"{name} {tensor.dtype} {string.Join(",", tensor.shape)};"));
            if (tensor.NumberOfElements == 0)
                continue;
            foreach (var piece in TensorData.Pieces(tensor))
                hash.AppendData(piece.bytes);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static DType TypeOf(Tensor tensor) => tensor.dtype switch
    {
        ScalarType.BFloat16 => DType.BF16,
        ScalarType.Float16 => DType.F16,
        ScalarType.Float32 => DType.F32,
        ScalarType.Float64 => DType.F64,
        ScalarType.Int64 => DType.I64,
        ScalarType.Int32 => DType.I32,
        ScalarType.Byte => DType.U8,
        var other => throw new NotSupportedException($"No file type for {other}."),
    };

    private static ScalarType TypeOf(DType type) => type switch
    {
        DType.BF16 => ScalarType.BFloat16,
        DType.F16 => ScalarType.Float16,
        DType.F32 => ScalarType.Float32,
        DType.F64 => ScalarType.Float64,
        DType.I64 => ScalarType.Int64,
        DType.I32 => ScalarType.Int32,
        DType.U8 => ScalarType.Byte,
        var other => throw new NotSupportedException($"No tensor type for {other}."),
    };
}
