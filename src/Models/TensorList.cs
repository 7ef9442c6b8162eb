using HieraVid.Models.Configuration;

namespace HieraVid.Models;

/// <summary>Names and shapes of the tensors that several architectures have, in the order in which they are loaded.</summary>
internal static class TensorList
{
    /// <summary>The decoder, its head not included.</summary>
    internal static IEnumerable<(string Name, long[] Shape)> Decoder(Qwen2Config config)
    {
        long hidden = config.HiddenSize, wide = config.IntermediateSize;
        long narrow = config.KeyValueHeadCount * config.HeadSize;
        yield return ("embed_tokens.weight", [config.VocabularySize, hidden]);
        for (var i = 0; i < config.LayerCount; i++)
        {
            IEnumerable<(string, long[])> layer =
            [
                ("input_layernorm.weight", [hidden]),
                .. Dense("self_attn.q_proj", hidden, hidden),
                .. Dense("self_attn.k_proj", hidden, narrow),
                .. Dense("self_attn.v_proj", hidden, narrow),
                ("self_attn.o_proj.weight", [hidden, hidden]),
                ("post_attention_layernorm.weight", [hidden]),
                ("mlp.gate_proj.weight", [wide, hidden]),
                ("mlp.up_proj.weight", [wide, hidden]),
                ("mlp.down_proj.weight", [hidden, wide]),
            ];
            foreach (var tensor in Under($"layers.{i}.", layer))
                yield return tensor;
        }
        yield return ("norm.weight", [hidden]);
    }

    /// <summary>A linear layer with its bias.</summary>
    internal static (string Name, long[] Shape)[] Dense(string name, long inputs, long outputs) =>
        [($"{name}.weight", [outputs, inputs]), ($"{name}.bias", [outputs])];

    /// <summary>A layer norm.</summary>
    internal static (string Name, long[] Shape)[] Norm(string name, long width) =>
        [($"{name}.weight", [width]), ($"{name}.bias", [width])];

    /// <summary>Tensors under a prefix.</summary>
    internal static IEnumerable<(string Name, long[] Shape)> Under(
        string prefix, IEnumerable<(string Name, long[] Shape)> tensors) =>
        tensors.Select(tensor => (prefix + tensor.Name, tensor.Shape));
}
