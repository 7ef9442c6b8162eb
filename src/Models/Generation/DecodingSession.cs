using HieraVid.Models.Qwen2;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Generation;

/// <summary>One sequence being answered: a prefill, then one step per token. Owns its cache.</summary>
public sealed class DecodingSession : IDisposable
{
    private readonly Qwen2Decoder _decoder;

    /// <summary>An empty session.</summary>
    public DecodingSession(Qwen2Decoder decoder)
    {
        _decoder = decoder;
        Cache = decoder.NewCache();
    }

    /// <summary>Keys and values so far.</summary>
    public KeyValueCache Cache { get; }

    /// <summary>Runs the prompt.</summary>
    /// <param name="embeddings">[T, hidden].</param>
    /// <param name="positions">Position ids of the T tokens, or null for 0..T−1.</param>
    /// <param name="hook">May drop tokens inside.</param>
    /// <param name="cancellation">Looked at before each layer.</param>
    /// <returns>The logits of the last token, [vocabulary].</returns>
    public float[] Prefill(
        Tensor embeddings, PositionIds? positions = null, LayerHook? hook = null, CancellationToken cancellation = default)
    {
        return LastLogits(embeddings, positions ?? PositionIds.Range(embeddings.shape[0]), hook, cancellation);
    }

    /// <summary>Adds one token at the next position.</summary>
    /// <param name="token">Its id.</param>
    /// <param name="cancellation">Looked at before each layer.</param>
    /// <returns>The logits after it, [vocabulary].</returns>
    public float[] Step(int token, CancellationToken cancellation = default)
    {
        using var scope = NewDisposeScope();
        return LastLogits(_decoder.Embed([token]), PositionIds.One(Cache.NextPosition), null, cancellation);
    }

    /// <summary>Frees the cache.</summary>
    public void Dispose() => Cache.Dispose();

    private float[] LastLogits(Tensor embeddings, PositionIds positions, LayerHook? hook, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var hidden = _decoder.Forward(embeddings, positions, Cache, hook, cancellation: cancellation);
        return _decoder.Logits(hidden.narrow(0, hidden.shape[0] - 1, 1)).ToArray<float>();
    }
}
