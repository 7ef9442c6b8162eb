using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Qwen2;

/// <summary>Rotary position embedding in the "half" layout (models.md, section 5).</summary>
public static class RotaryEmbedding
{
    /// <summary>
    /// Cosines and sines of the given positions. The float32 recipe of the reference is kept to the letter: at position 16,000
    /// one unit in the last place of an inverse frequency moves logits by 5e-4.
    /// </summary>
    /// <param name="positions">Position ids, one per token.</param>
    /// <param name="headSize">d, even.</param>
    /// <param name="theta">The base.</param>
    /// <param name="compute">The device; the result is float32 in any case.</param>
    public static RotaryTable Table(ReadOnlySpan<long> positions, int headSize, double theta, Compute compute)
    {
        var half = headSize / 2;
        var inverse = new float[half];
        for (var j = 0; j < half; j++)
            inverse[j] = 1f / (float)Math.Pow(theta, (float)(2 * j) / headSize);
        var cos = new float[positions.Length * half];
        var sin = new float[positions.Length * half];
        for (var t = 0; t < positions.Length; t++)
        {
            for (var j = 0; j < half; j++)
                (sin[t * half + j], cos[t * half + j]) = MathF.SinCos(positions[t] * inverse[j]);
        }
        using var scope = NewDisposeScope();
        long[] shape = [positions.Length, 1, half];
        return new RotaryTable(
            TensorData.From<float>(cos, shape).to(compute.Device).MoveToOuterDisposeScope(),
            TensorData.From<float>(sin, shape).to(compute.Device).MoveToOuterDisposeScope());
    }
}

/// <summary>Cosines and sines per token, both [T, 1, d/2] in float32.</summary>
/// <param name="Cos">Cosines.</param>
/// <param name="Sin">Sines.</param>
public sealed record RotaryTable(Tensor Cos, Tensor Sin)
{
    /// <summary>Rotates pairs (j, j + d/2) of every head.</summary>
    /// <param name="x">[T, heads, d].</param>
    /// <returns>[T, heads, d] in x's type; the rotation is done in float32.</returns>
    public Tensor Apply(Tensor x) => Activations.Rotate(x, Cos, Sin);

    /// <summary>The rows of the kept tokens.</summary>
    /// <param name="kept">[K] int64, ascending.</param>
    public RotaryTable Keep(Tensor kept) => new(Cos.index_select(0, kept), Sin.index_select(0, kept));
}
