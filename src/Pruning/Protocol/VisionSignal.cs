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

    /// <summary>Keys of that layer, all heads side by side, pooled like the tokens, [f, P, C].</summary>
    WideKeys,

    /// <summary>The projected patches before pooling, [f, N₀, D].</summary>
    UnpooledTokens,

    /// <summary>As <see cref="ReceivedAttention"/>, before pooling, [f, N₀] in float32.</summary>
    UnpooledReceivedAttention,

    /// <summary>As <see cref="Keys"/>, before pooling, [f, N₀, head size].</summary>
    UnpooledKeys,
}

/// <summary>The signals in words.</summary>
public static class VisionSignals
{
    /// <summary>What a signal is, as users know it.</summary>
    public static string Describe(VisionSignal signal) => signal switch
    {
        VisionSignal.FrameFeature => "the frame feature of the vision tower's pooling head",
        VisionSignal.HeadAttention => "the attention of the vision tower's pooling head",
        VisionSignal.ReceivedAttention => "the attention that patches receive in the vision tower's last layer",
        VisionSignal.Keys or VisionSignal.WideKeys => "the keys of the vision tower's last layer",
        VisionSignal.UnpooledTokens => "the tokens before pooling",
        VisionSignal.UnpooledReceivedAttention => "the attention that patches receive, before pooling",
        VisionSignal.UnpooledKeys => "the keys of the vision tower's last layer, before pooling",
        _ => throw new ArgumentOutOfRangeException(nameof(signal), signal, null),
    };
}
