using System.Text.Json.Nodes;

namespace HieraVid.Models.Configuration;

/// <summary>A SigLIP vision tower.</summary>
public sealed record SiglipVisionConfig : ModelConfig
{
    /// <summary>The name under which LLaVA's files refer to <see cref="So400M"/>.</summary>
    public const string So400MName = "google/siglip-so400m-patch14-384";

    /// <summary>The tower of LLaVA-OneVision and LLaVA-Video: 27 layers, 27 x 27 patches.</summary>
    public static SiglipVisionConfig So400M { get; } = new()
    {
        HiddenSize = 1152,
        IntermediateSize = 4304,
        LayerCount = 27,
        HeadCount = 16,
        ImageSize = 384,
        PatchSize = 14,
    };

    /// <summary>Width of a patch's feature.</summary>
    public int HiddenSize { get; init; } = 768;

    /// <summary>Width of the MLP.</summary>
    public int IntermediateSize { get; init; } = 3072;

    /// <summary>Encoder layers in the file.</summary>
    public int LayerCount { get; init; } = 12;

    /// <summary>Attention heads per layer.</summary>
    public int HeadCount { get; init; } = 12;

    /// <summary>Colour channels.</summary>
    public int ChannelCount { get; init; } = 3;

    /// <summary>Side of the square input, in pixels.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>Side of a patch, in pixels.</summary>
    public int PatchSize { get; init; } = 16;

    /// <summary>Added to the variance before the root.</summary>
    public double LayerNormEpsilon { get; init; } = 1e-6;

    /// <summary>Whether the checkpoint has the pooling head.</summary>
    public bool HasHead { get; init; } = true;

    /// <summary>Patches along one side; pixels that fill no patch are dropped.</summary>
    public int GridSize => ImageSize / PatchSize;

    /// <summary>Patches of a frame.</summary>
    public int PatchCount => GridSize * GridSize;

    /// <summary>Width of one head.</summary>
    public int HeadSize => HiddenSize / HeadCount;

    internal override string Kind => "SiglipVision";

    /// <summary>Reads the values from a <c>vision_config</c>, or from the root of a tower's own file.</summary>
    internal static SiglipVisionConfig Parse(ConfigSection section)
    {
        var type = section.Text("model_type", "siglip_vision_model");
        if (type is not ("siglip_vision_model" or "siglip"))
            throw section.Unsupported("model_type", "only siglip_vision_model is");
        var config = new SiglipVisionConfig
        {
            HiddenSize = section.Int("hidden_size", 768, max: 1 << 20),
            IntermediateSize = section.Int("intermediate_size", 3072, max: 1 << 24),
            LayerCount = section.Int("num_hidden_layers", 12, max: 1000),
            HeadCount = section.Int("num_attention_heads", 12, max: 1024),
            ChannelCount = section.Int("num_channels", 3, min: 3, max: 3),
            ImageSize = section.Int("image_size", 224, max: 8192),
            PatchSize = section.Int("patch_size", 16, max: 1024),
            LayerNormEpsilon = section.Number("layer_norm_eps", 1e-6, 0, 1),
            HasHead = section.Flag("vision_use_head", true),
        };
        if (config.HiddenSize % config.HeadCount != 0)
            throw section.Bad("hidden_size", $"a multiple of the {config.HeadCount} heads");
        if (config.PatchSize > config.ImageSize)
            throw section.Bad("patch_size", $"at most the image size {config.ImageSize}");
        if (section.Text("hidden_act", "gelu_pytorch_tanh") != "gelu_pytorch_tanh")
            throw section.Unsupported("hidden_act", "only gelu_pytorch_tanh is");
        return config;
    }

    /// <inheritdoc/>
    public override string ToJson() => ConfigJson.Format(new JsonObject
    {
        ["architectures"] = new JsonArray("SiglipModel"),
        ["model_type"] = "siglip",
        ["vision_config"] = ToNode(),
    });

    /// <summary>The values as a <c>vision_config</c>.</summary>
    internal JsonObject ToNode() => new()
    {
        ["hidden_act"] = "gelu_pytorch_tanh",
        ["hidden_size"] = HiddenSize,
        ["image_size"] = ImageSize,
        ["intermediate_size"] = IntermediateSize,
        ["layer_norm_eps"] = LayerNormEpsilon,
        ["model_type"] = "siglip_vision_model",
        ["num_attention_heads"] = HeadCount,
        ["num_channels"] = ChannelCount,
        ["num_hidden_layers"] = LayerCount,
        ["patch_size"] = PatchSize,
        ["vision_use_head"] = HasHead,
    };
}
