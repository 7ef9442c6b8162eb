using HieraVid.Models.Packed;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models;

/// <summary>y = x·Wᵀ + b.</summary>
/// <param name="Weight">[outputs, inputs]; null where it is kept in fewer bits.</param>
/// <param name="Bias">[outputs], or null.</param>
public sealed record Linear(Tensor? Weight, Tensor? Bias)
{
    /// <summary>The matrix in fewer bits, in place of <see cref="Weight"/>.</summary>
    public QuantizedWeight? Quantized { get; init; }

    /// <summary>[…, inputs] to […, outputs]; of three dimensions, every item of the first gives the same bits in any company.</summary>
    public Tensor Forward(Tensor x) => Quantized is { } rounded ? rounded.Linear(x, Bias)
        : DependsOnCompany(x) ? Each(x) : Products.Linear(x, Weight!, Bias);

    // Libraries round a row of a float32 product one way or another depending on how many rows there are. A frame's tokens must not tell which frames shared its pass.
    private static bool DependsOnCompany(Tensor x) =>
        x.dtype == float32 && x.device.type == TorchSharp.DeviceType.CPU && x.shape is { Length: 3 } shape && shape[0] > 1;

    private Tensor Each(Tensor x)
    {
        using var scope = NewDisposeScope();
        return stack([.. Enumerable.Range(0, (int)x.shape[0]).Select(i => Products.Linear(x.select(0, i), Weight!, Bias))], 0)
            .MoveToOuterDisposeScope();
    }
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
