namespace HieraVid.Pruning;

/// <summary>
/// What the vision tower knows of a frame beside its tokens; a method names those it needs. The first dimension of each
/// is the frame.
/// </summary>
public enum VisionSignal
{
    /// <summary>The pooling head's feature of the whole frame, [f, C].</summary>
    FrameFeature,

    /// <summary>
    /// Attention of the pooling head's query, mean over heads, pooled like the tokens, [f, P] in float32.
    /// </summary>
    HeadAttention,

    /// <summary>
    /// Attention that each patch receives in the last layer that is used, mean over heads and queries, pooled like the
    /// tokens, [f, P] in float32.
    /// </summary>
    ReceivedAttention,

    /// <summary>Keys of that layer, mean over heads, pooled like the tokens, [f, P, head size].</summary>
    Keys,

    /// <summary>The projected patches before pooling, [f, N₀, D].</summary>
    UnpooledTokens,

    /// <summary>As <see cref="ReceivedAttention"/>, before pooling, [f, N₀] in float32.</summary>
    UnpooledReceivedAttention,

    /// <summary>As <see cref="Keys"/>, before pooling, [f, N₀, head size].</summary>
    UnpooledKeys,
}
