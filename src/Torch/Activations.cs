using static TorchSharp.torch;

namespace HieraVid.Torch;

/// <summary>Activations and norms that TorchSharp's <c>functional</c> lacks in some versions or that need exact rounding.</summary>
public static class Activations
{
    /// <summary>GELU in its tanh form: 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))). SigLIP uses it (models.md, section 2).</summary>
    /// <param name="x">Any shape.</param>
    public static Tensor GeluTanh(Tensor x)
    {
#if TORCHSHARP
        // Composed: the package has the approximate form only from 0.100 on, and the cost shows only in benchmarks.
        using var scope = NewDisposeScope();
        var inner = (x * x * x * 0.044715 + x) * Math.Sqrt(2 / Math.PI);
        return ((inner.tanh() + 1.0) * x * 0.5).MoveToOuterDisposeScope();
#else
        return Kernels.GeluTanh(x);
#endif
    }

    /// <summary>
    /// Root mean square norm as Qwen2 rounds it: w · cast(x · rsqrt(mean(x²) + ε)), the part in the cast in float32.
    /// </summary>
    /// <param name="x">[…, D].</param>
    /// <param name="weight">[D], of x's type.</param>
    /// <param name="epsilon">ε.</param>
    public static Tensor RmsNorm(Tensor x, Tensor weight, double epsilon)
    {
#if !TORCHSHARP
        if (Kernels.Fuses(x))
            return Kernels.RmsNorm(x, weight, epsilon);
#endif
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
#if !TORCHSHARP
        if (Kernels.Fuses(gate))
            return Kernels.SwiGlu(gate, up);
#endif
        using var scope = NewDisposeScope();
        var activated = gate.silu();
        activated.mul_(up);
        return activated.MoveToOuterDisposeScope();
    }

    /// <summary>Turns the pairs (j, j + d/2) of every head by its token's angles, in float32.</summary>
    /// <param name="x">[T, heads, d].</param>
    /// <param name="cos">Cosines, [T, 1, d/2] in float32.</param>
    /// <param name="sin">Sines, [T, 1, d/2] in float32.</param>
    /// <returns>[T, heads, d] in x's type.</returns>
    public static Tensor Rotate(Tensor x, Tensor cos, Tensor sin)
    {
#if !TORCHSHARP
        if (Kernels.Fuses(x))
            return Kernels.Rotate(x, cos, sin);
#endif
        using var scope = NewDisposeScope();
        var half = x.shape[2] / 2;
        var wide = x.to(float32);
        var (first, second) = (wide.narrow(2, 0, half), wide.narrow(2, half, half));
        return cat([first * cos - second * sin, second * cos + first * sin], 2).to(x.dtype).MoveToOuterDisposeScope();
    }
}
