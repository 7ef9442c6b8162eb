using HieraVid.Models.Llava;
using HieraVid.Models.Qwen25Vl;
using HieraVid.Models.Qwen2Vl;

namespace HieraVid.Models.Configuration;

/// <summary>A network that can be read, by its name in config.json.</summary>
/// <param name="Name">The entry of <c>architectures</c>.</param>
/// <param name="Describes">What users know it as.</param>
/// <param name="Parse">Reads config.json.</param>
internal sealed record Architecture(string Name, string Describes, Func<ConfigSection, ModelConfig> Parse);

/// <summary>Everything that is supported: the one place to name a new model (docs/models.md).</summary>
internal static class Architectures
{
    internal static IReadOnlyList<Architecture> All { get; } =
    [
        new("LlavaQwenForCausalLM", "LLaVA-OneVision, LLaVA-Video", LmmsLabConfigFile.Parse),
        new("LlavaOnevisionForConditionalGeneration", "LLaVA-OneVision, converted", HuggingFaceConfigFile.Parse),
        new("Qwen2VLForConditionalGeneration", "Qwen2-VL", Qwen2VlConfig.Parse),
        new("Qwen2_5_VLForConditionalGeneration", "Qwen2.5-VL", Qwen25VlConfig.Parse),
        new("Qwen2ForCausalLM", "a Qwen2 decoder alone", section => Qwen2Config.Parse(section)),
        new("SiglipModel", "a SigLIP tower alone", Siglip),
        new("SiglipVisionModel", "a SigLIP tower alone", Siglip),
    ];

    private static SiglipVisionConfig Siglip(ConfigSection root) =>
        SiglipVisionConfig.Parse(root.HasObject("vision_config") ? root.Section("vision_config") : root);
}
