using HieraVid.Models.Configuration;
using HieraVid.Models.Llava;
using HieraVid.Models.Qwen2;
using HieraVid.Torch;
using HieraVid.Torch.Training;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace HieraVid.Train.Network;

/// <summary>The decoder with gradients, for batches of packed sequences; the same function as the product's.</summary>
/// <param name="config">The decoder's dimensions.</param>
/// <param name="weights">By full name.</param>
internal sealed class TrainableDecoder(Qwen2Config config, IReadOnlyDictionary<string, Tensor> weights)
{
    private readonly string _prefix = LlavaNames.HuggingFace.Decoder;

    private Tensor Embedding => weights[$"{_prefix}embed_tokens.weight"];

    /// <summary>Ids to embeddings: [n] int64 to [n, hidden].</summary>
    internal Tensor Embed(Tensor ids) => Embedding.index_select(0, ids);

    /// <summary>Runs the layers.</summary>
    /// <param name="x">[B, T, hidden].</param>
    /// <param name="rotary">Angles of the B · T tokens, by sequence.</param>
    /// <param name="attention">Who sees whom.</param>
    /// <param name="layers">Which layers take part; null for all.</param>
    /// <returns>[B, T, hidden], before the final norm.</returns>
    internal Tensor Forward(Tensor x, RotaryTable rotary, PackedAttention attention, IReadOnlyList<int>? layers)
    {
        using var scope = NewDisposeScope();
        foreach (var i in layers ?? [.. Enumerable.Range(0, config.LayerCount)])
            x = Layer(x, $"{_prefix}layers.{i}.", rotary, attention);
        return x.MoveToOuterDisposeScope();
    }

    /// <summary>Final norm and head: [n, hidden] to logits [n, vocabulary] in float32.</summary>
    internal Tensor Logits(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        var normed = Activations.RmsNorm(hidden, weights[$"{_prefix}norm.weight"], config.RmsNormEpsilon);
        return linear(normed, Embedding).to(float32).MoveToOuterDisposeScope();
    }

    private Tensor Layer(Tensor x, string name, RotaryTable rotary, PackedAttention attention)
    {
        var (batch, tokens, hidden) = (x.shape[0], x.shape[1], x.shape[2]);
        var (heads, kvHeads, size) = (config.HeadCount, config.KeyValueHeadCount, config.HeadSize);
        var normed = Norm(x, $"{name}input_layernorm.weight");
        Tensor Heads(string part, int count) =>
            linear(normed, weights[$"{name}self_attn.{part}_proj.weight"], weights[$"{name}self_attn.{part}_proj.bias"])
                .view(batch * tokens, count, size);
        Tensor Rotated(string part, int count) => Activations.Rotate(Heads(part, count), rotary.Cos, rotary.Sin);
        Tensor Shared(Tensor kv) => kv.view(batch, tokens, kvHeads, 1, size)
            .expand(batch, tokens, kvHeads, heads / kvHeads, size).reshape(batch, tokens, heads, size);
        var mixed = attention.Forward(
            Rotated("q", heads).view(batch, tokens, heads, size), Shared(Rotated("k", kvHeads)), Shared(Heads("v", kvHeads)),
            Math.Pow(size, -0.5));
        var attended = x + linear(mixed.reshape(batch, tokens, hidden), weights[$"{name}self_attn.o_proj.weight"]);
        var inner = Norm(attended, $"{name}post_attention_layernorm.weight");
        var gated = Activations.SwiGlu(
            linear(inner, weights[$"{name}mlp.gate_proj.weight"]), linear(inner, weights[$"{name}mlp.up_proj.weight"]));
        return attended + linear(gated, weights[$"{name}mlp.down_proj.weight"]);
    }

    private Tensor Norm(Tensor x, string name) => Activations.RmsNorm(x, weights[name], config.RmsNormEpsilon);
}
