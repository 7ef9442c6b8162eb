namespace HieraVid.Models.Safetensors;

/// <summary>One tensor of a safetensors file: row-major, little-endian, contiguous.</summary>
/// <param name="Name">The tensor's name in the checkpoint.</param>
/// <param name="DType">The type of its elements.</param>
/// <param name="Shape">Its dimensions, outermost first; empty for a scalar.</param>
/// <param name="Offset">Where its data begins, in bytes from the beginning of the file.</param>
/// <param name="ByteCount">The size of its data: the product of the shape times the size of an element.</param>
public sealed record TensorEntry(string Name, DType DType, long[] Shape, long Offset, long ByteCount)
{
    /// <summary>How many elements it has.</summary>
    public long ElementCount => ByteCount / DType.SizeOf();
}
