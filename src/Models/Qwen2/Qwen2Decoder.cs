using HieraVid.Models.Configuration;
using HieraVid.Models.Devices;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Qwen2;

/// <summary>
/// The Qwen2 decoder (models.md, section 5), for one sequence at a time. Its layers may be spread over devices: what is left of the
/// hidden states, and the tokens' angles, cross over where the device changes; keys and values stay with their layer.
/// </summary>
public sealed class Qwen2Decoder
{
    private readonly Tensor _embedding, _head, _norm;
    private readonly Qwen2Layer[] _layers;
    private readonly Placement _placement;
    private readonly Compute _compute;

    /// <summary>Loads the decoder.</summary>
    /// <param name="config">Its dimensions.</param>
    /// <param name="model">Weights under the prefix of <c>embed_tokens</c> and <c>layers</c>.</param>
    /// <param name="head">Weights under the prefix of <c>lm_head</c>; without it the embedding serves.</param>
    /// <exception cref="ModelException">A tensor is missing or has another shape.</exception>
    public Qwen2Decoder(Qwen2Config config, Weights model, Weights head)
    {
        Config = config;
        _placement = model.Compute.PlacementOf(config.LayerCount);
        var (first, last) = (model.On(_placement.First), model.On(_placement.Last));
        _compute = first.Compute;
        _embedding = first.Load("embed_tokens.weight", config.VocabularySize, config.HiddenSize);
        _layers = Enumerable.Range(0, config.LayerCount)
            .Select(i => new Qwen2Layer(config, i, model.On(_placement.Layers[i]).Under($"layers.{i}.")))
            .ToArray();
        _norm = last.Load("norm.weight", config.HiddenSize);
        _head = !config.TieWordEmbeddings && head.Has("lm_head.weight")
            ? head.On(_placement.Last).Load("lm_head.weight", config.VocabularySize, config.HiddenSize)
            : _placement.First == _placement.Last ? _embedding
            : last.Load("embed_tokens.weight", config.VocabularySize, config.HiddenSize);
    }

    /// <summary>Its dimensions.</summary>
    public Qwen2Config Config { get; }

    /// <summary>An empty cache of the right depth.</summary>
    public KeyValueCache NewCache() => new(Config.LayerCount);

    /// <summary>Where embeddings have to be.</summary>
    public Device InputDevice => _compute.Device;

    /// <summary>Token ids to embeddings.</summary>
    /// <returns>[T, hidden].</returns>
    public Tensor Embed(ReadOnlySpan<long> ids)
    {
        using var scope = NewDisposeScope();
        var index = TensorData.From(ids, ids.Length).to(_compute.Device);
        return _embedding.index_select(0, index).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Runs new tokens through all layers after those in the cache, and adds them to it.
    /// </summary>
    /// <param name="embeddings">[T, hidden], on <see cref="InputDevice"/>.</param>
    /// <param name="positions">Position ids of the T tokens; they need not be consecutive.</param>
    /// <param name="cache">Grows by the tokens that each layer sees.</param>
    /// <param name="hook">May drop tokens inside; null runs all tokens through all layers.</param>
    /// <param name="observe">Sees each layer's output, numbered from 0.</param>
    /// <param name="cancellation">Looked at before each layer.</param>
    /// <returns>The residual stream after the last layer, before the final norm: [tokens left, hidden].</returns>
    public Tensor Forward(
        Tensor embeddings, PositionIds positions, KeyValueCache cache, LayerHook? hook = null,
        Action<int, Tensor>? observe = null, CancellationToken cancellation = default)
    {
        using var scope = NewDisposeScope();
        var rotary = RotaryEmbedding.Table(positions, Config.HeadSize, Config.RopeTheta, Config.RopeSections, _compute);
        var x = embeddings;
        for (var i = 0; i < _layers.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (i > 0 && _placement.Layers[i] != _placement.Layers[i - 1])
                (x, rotary) = (Cross(x, _placement.Layers[i]), rotary.On(_placement.Layers[i].Device));
            var after = hook?.Wants(i, HookPlace.AfterAttention) ?? HookNeed.Nothing;
            var atEnd = hook?.Wants(i, HookPlace.AfterLayer) ?? HookNeed.Nothing;
            var needsRow = after == HookNeed.HiddenAndAttention || atEnd == HookNeed.HiddenAndAttention;
            var (hidden, row) = _layers[i].Attend(x, rotary, cache, needsRow ? hook!.Askers : 0, hook?.Window);
            (hidden, rotary, row) = Act(hook, i, HookPlace.AfterAttention, after, hidden, rotary, row);
            var next = _layers[i].FeedForward(hidden);
            (next, rotary, _) = Act(hook, i, HookPlace.AfterLayer, atEnd, next, rotary, row);
            if (!ReferenceEquals(x, embeddings))
                x.Dispose();
            hidden.Dispose();
            x = next;
            observe?.Invoke(i, x);
        }
        cache.NextPosition = Math.Max(cache.NextPosition, positions.Next);
        return x.MoveToOuterDisposeScope();
    }

    // A copy also where the device is only logically another one, so that what is proven there holds elsewhere.
    private static Tensor Cross(Tensor x, NamedDevice device)
    {
        using var left = x;
        return x.to(device.Device, copy: true);
    }

    // What goes on of the hidden states, of their angles and of the attention row.
    private static (Tensor Hidden, RotaryTable Rotary, Tensor? Row) Act(
        LayerHook? hook, int layer, HookPlace place, HookNeed need, Tensor hidden, RotaryTable rotary, Tensor? row)
    {
        if (need == HookNeed.Nothing)
            return (hidden, rotary, row);
        var tokens = hidden.shape[0];
        // The row runs over the whole cache; the hook knows of these tokens only.
        var own = row?.narrow(1, row.shape[1] - tokens, tokens);
        if (hook!.Act(layer, place, hidden, need == HookNeed.HiddenAndAttention ? own : null) is not { } result)
            return (hidden, rotary, own);
        var index = TensorData.From<long>(result.Kept, result.Kept.Length).to(hidden.device);
        var kept = result.Hidden ?? hidden.index_select(0, index);
        hidden.Dispose();
        return (kept, rotary.Keep(index), own?.index_select(1, index));
    }

    /// <summary>Final norm and head.</summary>
    /// <param name="hidden">[T, hidden], from <see cref="Forward"/>.</param>
    /// <returns>Logits [T, vocabulary] in the compute type.</returns>
    public Tensor Logits(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        return Products.Linear(Norm(hidden), _head).MoveToOuterDisposeScope();
    }

    /// <summary>The final norm alone.</summary>
    public Tensor Norm(Tensor hidden) => Activations.RmsNorm(hidden, _norm, Config.RmsNormEpsilon);
}
