using static TorchSharp.torch;

namespace HieraVid.Models.Llava;

/// <summary>The two-layer projector, applied to every patch before pooling: linear, erf GELU, linear.</summary>
/// <param name="First">[hidden, vision width].</param>
/// <param name="Second">[hidden, hidden].</param>
public sealed record Projector(Linear First, Linear Second)
{
    /// <summary>[F, patches, vision width] to [F, patches, hidden].</summary>
    public Tensor Forward(Tensor features)
    {
        using var scope = NewDisposeScope();
        return Second.Forward(First.Forward(features).gelu()).MoveToOuterDisposeScope();
    }
}
