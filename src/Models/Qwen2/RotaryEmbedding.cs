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
    public static RotaryTable Table(ReadOnlySpan<long> positions, int headSize, double theta, Compute compute) =>
        Table(positions.ToArray(), headSize, theta, [], compute);

    /// <summary>As above, for positions that may have three parts (M-RoPE, models.md, section 9).</summary>
    /// <param name="positions">Position ids of the tokens.</param>
    /// <param name="headSize">d, even.</param>
    /// <param name="theta">The base.</param>
    /// <param name="sections">
    /// How many of the d/2 frequencies turn by time, height and width, in this order; empty where all axes are the same.
    /// </param>
    /// <param name="compute">The device; the result is float32 in any case.</param>
    public static RotaryTable Table(
        PositionIds positions, int headSize, double theta, IReadOnlyList<int> sections, Compute compute)
    {
        var half = headSize / 2;
        var axis = Axes(sections, half, positions);
        var inverse = new float[half];
        for (var j = 0; j < half; j++)
            inverse[j] = 1f / (float)Math.Pow(theta, (float)(2 * j) / headSize);
        var count = positions.Count;
        var cos = new float[count * half];
        var sin = new float[count * half];
        for (var t = 0; t < count; t++)
        {
            for (var j = 0; j < half; j++)
                (sin[t * half + j], cos[t * half + j]) = MathF.SinCos(axis[j][t] * inverse[j]);
        }
        using var scope = NewDisposeScope();
        long[] shape = [count, 1, half];
        return new RotaryTable(
            TensorData.From<float>(cos, shape).to(compute.Device).MoveToOuterDisposeScope(),
            TensorData.From<float>(sin, shape).to(compute.Device).MoveToOuterDisposeScope());
    }

    // The ids that each frequency turns by.
    private static IReadOnlyList<long>[] Axes(IReadOnlyList<int> sections, int half, PositionIds positions)
    {
        var axes = Enumerable.Repeat(positions.Temporal, half).ToArray();
        var at = 0;
        for (var axis = 0; axis < sections.Count; at += sections[axis++])
            Array.Fill(axes, positions.Axis(axis), at, sections[axis]);
        return axes;
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

    /// <summary>The same on another device.</summary>
    public RotaryTable On(Device device) => new(Cos.to(device, copy: true), Sin.to(device, copy: true));

    /// <summary>The rows of the kept tokens.</summary>
    /// <param name="kept">[K] int64, ascending.</param>
    public RotaryTable Keep(Tensor kept) => new(Cos.index_select(0, kept), Sin.index_select(0, kept));
}
