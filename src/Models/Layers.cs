using HieraVid.Models.Packed;
using static TorchSharp.torch;

namespace HieraVid.Models;

/// <summary>y = x·Wᵀ + b.</summary>
/// <param name="Weight">[outputs, inputs]; null where it is kept in fewer bits.</param>
/// <param name="Bias">[outputs], or null.</param>
public sealed record Linear(Tensor? Weight, Tensor? Bias)
{
    /// <summary>The matrix in fewer bits, in place of <see cref="Weight"/>.</summary>
    public QuantizedWeight? Quantized { get; init; }

    /// <summary>[…, inputs] to […, outputs].</summary>
    public Tensor Forward(Tensor x) => Quantized is { } rounded ? rounded.Linear(x, Bias) : nn.functional.linear(x, Weight!, Bias);
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
