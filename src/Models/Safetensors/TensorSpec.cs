namespace HieraVid.Models.Safetensors;

/// <summary>A tensor that is going to be written.</summary>
/// <param name="Name">Its name in the checkpoint.</param>
/// <param name="DType">The type of its elements.</param>
/// <param name="Shape">Its dimensions, outermost first; empty for a scalar.</param>
public sealed record TensorSpec(string Name, DType DType, params long[] Shape)
{
    /// <summary>The size of its data in bytes.</summary>
    /// <exception cref="ArgumentException">The shape is negative or its size exceeds 64 bits.</exception>
    public long ByteCount =>
        !Shape.Any(long.IsNegative) && SafetensorsHeader.CountBytes(Shape, DType) is >= 0 and var count
            ? count
            : throw new ArgumentException($"Tensor {Name} has the impossible shape [{string.Join(", ", Shape)}].");
}
