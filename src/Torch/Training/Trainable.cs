using static TorchSharp.torch;

namespace HieraVid.Torch.Training;

/// <summary>
/// The operations of <see cref="Activations"/> and <see cref="Attention"/> with gradients: one pass each on a CPU, composed
/// elsewhere: as there, unless that writes in place.
/// </summary>
public static class Trainable
{
    /// <summary>See <see cref="Activations.RmsNorm"/>.</summary>
    public static Tensor RmsNorm(Tensor x, Tensor weight, double epsilon)
    {
#if !TORCHSHARP
        if (Kernels.Trains(x))
            return Kernels.TrainRmsNorm(x, weight, epsilon);
#endif
        return Activations.RmsNorm(x, weight, epsilon);
    }

    /// <summary>See <see cref="Activations.Rotate"/>.</summary>
    public static Tensor Rotate(Tensor x, Tensor cos, Tensor sin)
    {
#if !TORCHSHARP
        if (Kernels.Trains(x))
            return Kernels.TrainRotate(x, cos, sin);
#endif
        return Activations.Rotate(x, cos, sin);
    }

    /// <summary>See <see cref="Activations.SwiGlu"/>.</summary>
    public static Tensor SwiGlu(Tensor gate, Tensor up)
    {
#if !TORCHSHARP
        if (Kernels.Trains(gate))
            return Kernels.TrainSwiGlu(gate, up);
#endif
        using var scope = NewDisposeScope();
        return (gate.silu() * up).MoveToOuterDisposeScope();
    }

    /// <summary>See <see cref="Activations.GeluTanh"/>.</summary>
    public static Tensor GeluTanh(Tensor x)
    {
#if !TORCHSHARP
        if (Kernels.Trains(x))
            return Kernels.TrainGeluTanh(x);
#endif
        using var scope = NewDisposeScope();
        var inner = (x * x * x * 0.044715 + x) * Math.Sqrt(2 / Math.PI);
        return ((inner.tanh() + 1.0) * x * 0.5).MoveToOuterDisposeScope();
    }

    /// <summary>softmax(q·kᵀ·scale)·v within what <paramref name="spans"/> lets each token see.</summary>
    /// <param name="q">[B, T, heads, d].</param>
    /// <param name="k">[B, T, heads, d].</param>
    /// <param name="v">[B, T, heads, d].</param>
    /// <param name="spans">Null lets every token see all.</param>
    /// <param name="scale">Usually d^−0.5.</param>
    /// <returns>[B, T, heads, d].</returns>
    public static Tensor Attention(Tensor q, Tensor k, Tensor v, PackedSpans? spans, double scale)
    {
#if !TORCHSHARP
        if (Kernels.Trains(q))
            return Kernels.TrainAttention(q, k, v, spans?.Spans, scale);
#endif
        using var scope = NewDisposeScope();
        var scores = q.transpose(1, 2).matmul(k.transpose(1, 2).transpose(2, 3)) * scale;
        if (spans?.Mask is { } mask)
            scores = scores + mask;
        var shares = scores.softmax(-1, float32).to(v.dtype);
        return shares.matmul(v.transpose(1, 2)).transpose(1, 2).contiguous().MoveToOuterDisposeScope();
    }
}
