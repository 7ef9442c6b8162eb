using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>Where in a decoder layer tokens can be dropped.</summary>
public enum LayerPlace
{
    /// <summary>After the layer's attention and its residual, before its feed-forward network.</summary>
    AfterAttention,

    /// <summary>After the whole layer, before the next.</summary>
    AfterLayer,
}

/// <summary>A point inside the model where visual tokens can be dropped.</summary>
/// <param name="Layer">From 0.</param>
/// <param name="Place">Where in the layer.</param>
public readonly record struct LayerPoint(int Layer, LayerPlace Place);

/// <summary>What a method needs to see at a point inside the model.</summary>
public enum LayerNeed
{
    /// <summary>Nothing: it does not act there.</summary>
    Nothing,

    /// <summary>The hidden states.</summary>
    Hidden,

    /// <summary>The hidden states, and the attention of the asking tokens in that layer.</summary>
    HiddenAndAttention,
}

/// <summary>Whose attention a method sees.</summary>
public enum AskingTokens
{
    /// <summary>The prompt's last token.</summary>
    Last,

    /// <summary>The mean over all tokens after the video: the question and what the chat template puts around it.</summary>
    Mean,
}

/// <summary>The visual tokens at a point inside the model.</summary>
/// <param name="Origins">Their original indices in the order of the sequence, [n].</param>
/// <param name="Hidden">Their hidden states, [n, D']; any float type.</param>
/// <param name="Attention">
/// Attention of the asking tokens onto them in the point's layer, [heads, n] or already averaged [n]: softmax over all
/// keys, not renormalised. Null where the method did not ask for it.
/// </param>
public sealed record LayerTokenStates(int[] Origins, Tensor Hidden, Tensor? Attention);

/// <summary>What a method decided at a point inside the model. Methods derive their own to explain themselves.</summary>
/// <param name="Point">Where.</param>
/// <param name="Origins">The tokens that were there, [n].</param>
/// <param name="Kept">The rows of them that go on, ascending, each once.</param>
public record LayerSelection(LayerPoint Point, int[] Origins, int[] Kept)
{
    /// <summary>
    /// New hidden states of the kept rows, [kept, D'], where the method merges; null leaves them as they are. Belongs to
    /// the dispose scope around the call.
    /// </summary>
    public Tensor? Hidden { get; init; }

    /// <summary>The original indices that go on, in the order of the sequence.</summary>
    public int[] KeptOrigins() => [.. Kept.Select(row => Origins[row])];
}
