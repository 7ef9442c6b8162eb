using static TorchSharp.torch;

namespace HieraVid.Models;

/// <summary>y = x·Wᵀ + b.</summary>
/// <param name="Weight">[outputs, inputs].</param>
/// <param name="Bias">[outputs], or null.</param>
public sealed record Linear(Tensor Weight, Tensor? Bias)
{
    /// <summary>[…, inputs] to […, outputs].</summary>
    public Tensor Forward(Tensor x) => nn.functional.linear(x, Weight, Bias);
}

/// <summary>Layer norm over the last dimension, biased variance.</summary>
/// <param name="Weight">[width].</param>
/// <param name="Bias">[width].</param>
/// <param name="Epsilon">Added to the variance.</param>
public sealed record LayerNorm(Tensor Weight, Tensor Bias, double Epsilon)
{
    /// <summary>[…, width] to the same shape.</summary>
    public Tensor Forward(Tensor x) => nn.functional.layer_norm(x, Weight.shape, Weight, Bias, Epsilon);
}
