using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace HieraVid.Torch;

/// <summary>Values in and out of tensors. Works on the CPU; tensors elsewhere are copied over first.</summary>
public static class TensorData
{
    // Tensor.bytes is a Span<byte>, which cannot be longer than this.
    private const long MaxSpanBytes = int.MaxValue;

    /// <summary>A tensor of the given shape on the CPU, filled with <paramref name="values"/> in row-major order.</summary>
    /// <exception cref="ArgumentException">The number of values is not the product of the shape.</exception>
    public static Tensor From<T>(ReadOnlySpan<T> values, params long[] shape) where T : unmanaged
    {
        long count = 1;
        foreach (var size in shape)
            count *= size;
        if (count != values.Length)
            throw new ArgumentException($"{values.Length} values do not fill [{string.Join(", ", shape)}].", nameof(values));
        var tensor = empty(shape, TypeOf<T>());
        if (count > 0)
            MemoryMarshal.AsBytes(values).CopyTo(tensor.bytes);
        return tensor;
    }

    /// <summary>The values in row-major order, converted to <typeparamref name="T"/> first.</summary>
    public static T[] ToArray<T>(this Tensor tensor) where T : unmanaged
    {
        using var scope = NewDisposeScope();
        var values = tensor.to(TypeOf<T>()).cpu().contiguous();
        var result = new T[values.NumberOfElements];
        if (result.Length > 0)
            values.bytes.CopyTo(MemoryMarshal.AsBytes(result.AsSpan()));
        return result;
    }

    /// <summary>
    /// Concatenates along the first dimension. The result is a tensor of its own even for a single part, where TorchSharp's
    /// <c>cat</c> hands back the part itself, which would then have two owners.
    /// </summary>
    public static Tensor Concatenate(IList<Tensor> parts) =>
        parts.Count == 1 ? parts[0].narrow(0, 0, parts[0].shape[0]) : cat(parts, 0);

    /// <summary>The tensor's memory in consecutive pieces that fit a span: for weights of more than 2 GiB.</summary>
    /// <param name="tensor">Contiguous, on the CPU, at least one dimension.</param>
    public static IEnumerable<Tensor> Pieces(Tensor tensor)
    {
        var bytes = tensor.NumberOfElements * tensor.ElementSize;
        if (bytes <= MaxSpanBytes)
        {
            yield return tensor;
            yield break;
        }
        var rowBytes = bytes / tensor.shape[0];
        var rows = Math.Max(1, MaxSpanBytes / rowBytes);
        for (long start = 0; start < tensor.shape[0]; start += rows)
            yield return tensor.narrow(0, start, Math.Min(rows, tensor.shape[0] - start));
    }

    private static ScalarType TypeOf<T>() => Type.GetTypeCode(typeof(T)) switch
    {
        TypeCode.Byte => ScalarType.Byte,
        TypeCode.Int32 => ScalarType.Int32,
        TypeCode.Int64 => ScalarType.Int64,
        TypeCode.Single => ScalarType.Float32,
        TypeCode.Double => ScalarType.Float64,
        TypeCode.Boolean => ScalarType.Bool,
        _ => throw new NotSupportedException($"No tensor type for {typeof(T).Name}."),
    };
}
