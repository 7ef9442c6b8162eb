using HieraVid.Models.Configuration;
using HieraVid.Models.Llava;
using HieraVid.Models.Safetensors;

namespace HieraVid.Models.Checkpoints;

/// <summary>Every tensor that a LLaVA checkpoint needs, by its configuration (models.md, sections 2, 4 and 5).</summary>
public static class LlavaTensors
{
    /// <summary>The tensors in the order in which the loader asks for them, so that loading reads the files forwards.</summary>
    public static IReadOnlyList<TensorSpec> List(LlavaConfig config, DType dtype)
    {
        var names = config.Naming == LlavaNaming.LmmsLab ? LlavaNames.LmmsLab : LlavaNames.HuggingFace;
        var (vision, text) = (config.ResolveVision(), config.Text);
        IEnumerable<(string Name, long[] Shape)> all =
        [
            .. Prefixed(names.Tower, Tower(vision)),
            .. Dense(names.ProjectorFirst, vision.HiddenSize, text.HiddenSize),
            .. Dense(names.ProjectorSecond, text.HiddenSize, text.HiddenSize),
            (names.Newline, [text.HiddenSize]),
            .. Prefixed(names.Decoder, Decoder(text)),
        ];
        if (!text.TieWordEmbeddings)
            all = all.Append(($"{names.Head}lm_head.weight", [text.VocabularySize, text.HiddenSize]));
        return [.. all.Select(tensor => new TensorSpec(tensor.Name, dtype, tensor.Shape))];
    }

    private static IEnumerable<(string Name, long[] Shape)> Tower(SiglipVisionConfig config)
    {
        long width = config.HiddenSize;
        yield return ("embeddings.patch_embedding.weight", [width, config.ChannelCount, config.PatchSize, config.PatchSize]);
        yield return ("embeddings.patch_embedding.bias", [width]);
        yield return ("embeddings.position_embedding.weight", [config.PatchCount, width]);
        for (var i = 0; i < config.LayerCount; i++)
        {
            var layer = Norm("layer_norm1", width)
                .Concat(Dense("self_attn.q_proj", width, width))
                .Concat(Dense("self_attn.k_proj", width, width))
                .Concat(Dense("self_attn.v_proj", width, width))
                .Concat(Dense("self_attn.out_proj", width, width))
                .Concat(Norm("layer_norm2", width))
                .Concat(Dense("mlp.fc1", width, config.IntermediateSize))
                .Concat(Dense("mlp.fc2", config.IntermediateSize, width));
            foreach (var tensor in Prefixed($"encoder.layers.{i}.", layer))
                yield return tensor;
        }
        // LLaVA does not use it, but published files have it.
        foreach (var tensor in Norm("post_layernorm", width))
            yield return tensor;
    }

    private static IEnumerable<(string Name, long[] Shape)> Decoder(Qwen2Config config)
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
            foreach (var tensor in Prefixed($"layers.{i}.", layer))
                yield return tensor;
        }
        yield return ("norm.weight", [hidden]);
    }

    private static (string Name, long[] Shape)[] Dense(string name, long inputs, long outputs) =>
        [($"{name}.weight", [outputs, inputs]), ($"{name}.bias", [outputs])];

    private static (string Name, long[] Shape)[] Norm(string name, long width) =>
        [($"{name}.weight", [width]), ($"{name}.bias", [width])];

    private static IEnumerable<(string Name, long[] Shape)> Prefixed(
        string prefix, IEnumerable<(string Name, long[] Shape)> tensors) =>
        tensors.Select(tensor => (prefix + tensor.Name, tensor.Shape));
}
