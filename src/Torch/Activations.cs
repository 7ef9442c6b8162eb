using HieraVid.Torch.Rows;
using static TorchSharp.torch;

namespace HieraVid.Torch;

/// <summary>
/// Activations and norms in one pass over memory, rounded as the models' references do. Composed of libtorch's operations where
/// the loops don't reach: on a GPU, and where gradients are wanted.
/// </summary>
public static class Activations
{
    /// <summary>GELU in its tanh form: 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))). SigLIP uses it (models.md, section 2).</summary>
    /// <param name="x">Any shape.</param>
    public static Tensor GeluTanh(Tensor x)
    {
        if (OnePass.Takes(x))
            return OnePass.GeluTanh(x);
        using var scope = NewDisposeScope();
        var inner = (x * x * x * 0.044715 + x) * Math.Sqrt(2 / Math.PI);
        return ((inner.tanh() + 1.0) * x * 0.5).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Root mean square norm as Qwen2 rounds it: w · cast(x · rsqrt(mean(x²) + ε)), the part in the cast in float32.
    /// </summary>
    /// <param name="x">[…, D].</param>
    /// <param name="weight">[D], of x's type.</param>
    /// <param name="epsilon">ε.</param>
    public static Tensor RmsNorm(Tensor x, Tensor weight, double epsilon)
    {
        if (OnePass.Takes(x))
            return OnePass.RmsNorm(x, weight, epsilon);
        using var scope = NewDisposeScope();
        var wide = x.to(float32);
        var scale = (wide.pow(2).mean([-1], true) + epsilon).rsqrt();
        return ((wide * scale).to(x.dtype) * weight).MoveToOuterDisposeScope();
    }

    /// <summary>silu(gate) · up, the gated unit of Qwen2's feed-forward network.</summary>
    /// <param name="gate">[…, M].</param>
    /// <param name="up">[…, M].</param>
    public static Tensor SwiGlu(Tensor gate, Tensor up)
    {
        if (OnePass.Takes(gate))
            return OnePass.SwiGlu(gate, up);
        using var scope = NewDisposeScope();
        return (nn.functional.silu(gate) * up).MoveToOuterDisposeScope();
    }

    /// <summary>Turns the pairs (j, j + d/2) of every head by its token's angles, in float32.</summary>
    /// <param name="x">[T, heads, d].</param>
    /// <param name="cos">Cosines, [T, 1, d/2] in float32.</param>
    /// <param name="sin">Sines, [T, 1, d/2] in float32.</param>
    /// <returns>[T, heads, d] in x's type.</returns>
    public static Tensor Rotate(Tensor x, Tensor cos, Tensor sin)
    {
        if (OnePass.Takes(x))
            return OnePass.Rotate(x, cos, sin);
        using var scope = NewDisposeScope();
        var half = x.shape[2] / 2;
        var wide = x.to(float32);
        var (first, second) = (wide.narrow(2, 0, half), wide.narrow(2, half, half));
        return cat([first * cos - second * sin, second * cos + first * sin], 2).to(x.dtype).MoveToOuterDisposeScope();
    }
}
