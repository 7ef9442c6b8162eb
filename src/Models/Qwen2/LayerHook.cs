using static TorchSharp.torch;

namespace HieraVid.Models.Qwen2;

/// <summary>Where in a layer a hook can act.</summary>
public enum HookPlace
{
    /// <summary>After the layer's attention and its residual, before its feed-forward network.</summary>
    AfterAttention,

    /// <summary>After the whole layer, before the next.</summary>
    AfterLayer,
}

/// <summary>What a hook needs to see at a place.</summary>
public enum HookNeed
{
    /// <summary>Nothing: it does not act there.</summary>
    Nothing,

    /// <summary>The hidden states.</summary>
    Hidden,

    /// <summary>The hidden states, and the attention of the last token, or tokens, in that layer.</summary>
    HiddenAndAttention,
}

/// <summary>What a hook decided.</summary>
/// <param name="Kept">The rows that go on, ascending.</param>
/// <param name="Hidden">Their new hidden states, [kept, hidden]; null leaves them as they are.</param>
public sealed record HookResult(long[] Kept, Tensor? Hidden = null);

/// <summary>A first part of the keys and the nearest ones: what a query sees where attention is an "A shape".</summary>
/// <param name="Initial">Keys at the beginning that every query sees.</param>
/// <param name="Local">Keys that a query sees up to and with itself, at least 1.</param>
public readonly record struct KeyWindow(long Initial, long Local);

/// <summary>Something that may drop or merge tokens inside the decoder.</summary>
/// <param name="Wants">Asked for both places of a layer before the layer begins.</param>
/// <param name="Act">
/// (layer, place, hidden [T, hidden], attention of the asking tokens [heads, T] in float32 where it was asked for) to what goes
/// on; null keeps all as it is.
/// </param>
public sealed record LayerHook(
    Func<int, HookPlace, HookNeed> Wants, Func<int, HookPlace, Tensor, Tensor?, HookResult?> Act)
{
    /// <summary>A hook that drops tokens between attention and feed-forward, and sees the attention there.</summary>
    /// <param name="wants">True for the layers where <paramref name="keep"/> is to be called.</param>
    /// <param name="keep">(layer, hidden, attention) to the rows that go on; null keeps all.</param>
    public LayerHook(Func<int, bool> wants, Func<int, Tensor, Tensor, long[]?> keep)
        : this(
            (layer, place) => place == HookPlace.AfterAttention && wants(layer) ? HookNeed.HiddenAndAttention : HookNeed.Nothing,
            (layer, _, hidden, attention) => keep(layer, hidden, attention!) is { } kept ? new HookResult(kept) : null)
    {
    }

    /// <summary>How many of the last tokens ask: the attention that the hook sees is the mean of theirs.</summary>
    public int Askers { get; init; } = 1;

    /// <summary>Which keys a prompt's queries see; null for all earlier ones. The prompt must be the cache's first tokens.</summary>
    public KeyWindow? Window { get; init; }
}
