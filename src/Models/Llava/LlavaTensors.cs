using HieraVid.Models.Configuration;
using HieraVid.Models.Safetensors;

namespace HieraVid.Models.Llava;

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
            .. TensorList.Under(names.Tower, Tower(vision)),
            .. TensorList.Dense(names.ProjectorFirst, vision.HiddenSize, text.HiddenSize),
            .. TensorList.Dense(names.ProjectorSecond, text.HiddenSize, text.HiddenSize),
            (names.Newline, [text.HiddenSize]),
            .. TensorList.Under(names.Decoder, TensorList.Decoder(text)),
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
            var layer = TensorList.Norm("layer_norm1", width)
                .Concat(TensorList.Dense("self_attn.q_proj", width, width))
                .Concat(TensorList.Dense("self_attn.k_proj", width, width))
                .Concat(TensorList.Dense("self_attn.v_proj", width, width))
                .Concat(TensorList.Dense("self_attn.out_proj", width, width))
                .Concat(TensorList.Norm("layer_norm2", width))
                .Concat(TensorList.Dense("mlp.fc1", width, config.IntermediateSize))
                .Concat(TensorList.Dense("mlp.fc2", config.IntermediateSize, width));
            foreach (var tensor in TensorList.Under($"encoder.layers.{i}.", layer))
                yield return tensor;
        }
        // LLaVA does not use it, but published files have it.
        foreach (var tensor in TensorList.Norm("post_layernorm", width))
            yield return tensor;
    }
}
