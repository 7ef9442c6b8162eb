using HieraVid.Models.Configuration;
using HieraVid.Models.Qwen2;
using HieraVid.Models.Safetensors;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Tests.Qwen2;

/// <summary>
/// The decoder as slowly and plainly as it can be written: all tokens run through all layers, a full score matrix per layer,
/// and a token that was dropped is hidden from the queries of later layers by a mask. Kept tokens must come out as in the
/// staged prefill.
/// </summary>
internal sealed class MaskedReference(Qwen2Config config, CheckpointFolder files)
{
    /// <summary>Final logits of all tokens; <paramref name="lastLayerSeen"/>[t] is the last layer whose attention token t takes
    /// part in as a key.</summary>
    /// <param name="embeddings">[T, hidden].</param>
    /// <param name="lastLayerSeen">[T].</param>
    /// <param name="sees">Whether a query sees an earlier key; null for all.</param>
    internal Tensor Logits(Tensor embeddings, int[] lastLayerSeen, Func<int, int, bool>? sees = null)
    {
        var tokens = embeddings.shape[0];
        var rotary = RotaryEmbedding.Table(
            [.. Enumerable.Range(0, (int)tokens).Select(i => (long)i)], config.HeadSize, config.RopeTheta, Compute.Reference);
        var x = embeddings;
        for (var layer = 0; layer < config.LayerCount; layer++)
        {
            var name = $"model.layers.{layer}";
            x = x + Attend(Norm(x, $"{name}.input_layernorm.weight"), name, rotary, Mask(tokens, lastLayerSeen, layer, sees));
            var normed = Norm(x, $"{name}.post_attention_layernorm.weight");
            var gated = Project(normed, $"{name}.mlp.gate_proj").silu() * Project(normed, $"{name}.mlp.up_proj");
            x = x + Project(gated, $"{name}.mlp.down_proj");
        }
        var head = files.Contains("lm_head.weight") ? "lm_head.weight" : "model.embed_tokens.weight";
        return Norm(x, "model.norm.weight").mm(Weight(head).transpose(0, 1));
    }

    // 0 where query t may see key s in this layer, -infinity elsewhere: [T, T].
    private static Tensor Mask(long tokens, int[] lastLayerSeen, int layer, Func<int, int, bool>? sees)
    {
        var mask = new float[tokens * tokens];
        for (var t = 0; t < tokens; t++)
        {
            for (var s = 0; s < tokens; s++)
                mask[(t * tokens) + s] = s <= t && (s == t || lastLayerSeen[s] >= layer) && (sees?.Invoke(t, s) ?? true) ? 0 : float.NegativeInfinity;
        }
        return TensorData.From<float>(mask, tokens, tokens);
    }

    private Tensor Attend(Tensor x, string name, RotaryTable rotary, Tensor mask)
    {
        var (tokens, group) = (x.shape[0], config.HeadCount / config.KeyValueHeadCount);
        Tensor Heads(string projection, int heads) =>
            Project(x, $"{name}.self_attn.{projection}").view(tokens, heads, config.HeadSize);
        // Each key head repeated for its group of query heads: the meaning of grouped queries, written out.
        Tensor Repeated(Tensor keys) =>
            stack([.. Enumerable.Range(0, config.HeadCount).Select(h => keys.select(1, h / group))], 0);
        var query = rotary.Apply(Heads("q_proj", config.HeadCount)).transpose(0, 1);
        var key = Repeated(rotary.Apply(Heads("k_proj", config.KeyValueHeadCount)));
        var value = Repeated(Heads("v_proj", config.KeyValueHeadCount));
        var scores = query.bmm(key.transpose(1, 2)) * Math.Pow(config.HeadSize, -0.5) + mask;
        return Project(scores.softmax(-1).bmm(value).transpose(0, 1).reshape(tokens, config.HiddenSize), $"{name}.self_attn.o_proj");
    }

    private Tensor Norm(Tensor x, string name) =>
        x * (x.pow(2).mean([-1], true) + config.RmsNormEpsilon).rsqrt() * Weight(name);

    private Tensor Project(Tensor x, string name)
    {
        var y = x.mm(Weight($"{name}.weight").transpose(0, 1));
        return files.Contains($"{name}.bias") ? y + Weight($"{name}.bias") : y;
    }

    private Tensor Weight(string name)
    {
        var tensor = files.Find(name);
        return TensorData.From<float>(tensor.ReadFloats(), tensor.Entry.Shape.ToArray());
    }
}
