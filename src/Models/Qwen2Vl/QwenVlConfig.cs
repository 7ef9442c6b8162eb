using System.Text.Json.Nodes;
using HieraVid.Models.Configuration;
using HieraVid.Models.Qwen2;
using HieraVid.Models.Safetensors;
using HieraVid.Models.Tokenization;

namespace HieraVid.Models.Qwen2Vl;

/// <summary>What the configurations of the Qwen-VL families have in common.</summary>
public abstract record QwenVlConfig : VideoModelConfig
{
    /// <summary>The vision tower.</summary>
    public required QwenVlVisionConfig Vision { get; init; }

    /// <summary>Id of the image placeholder token.</summary>
    public int ImageTokenId { get; init; } = 151655;

    /// <summary>Id of the video placeholder token.</summary>
    public int VideoTokenId { get; init; } = 151656;

    /// <inheritdoc/>
    public override FrameRule FrameRule => FrameRule.Pairs;

    /// <summary>The published utilities' ceiling.</summary>
    public override int DefaultFrames => 768;

    /// <inheritdoc/>
    public override ChatTemplate Template => ChatTemplate.QwenVl;

    /// <summary>What its tower is made of.</summary>
    internal abstract QwenVlParts Parts { get; }

    /// <summary>The three-part positions of a video's grid.</summary>
    /// <param name="steps">Pairs of frames.</param>
    /// <param name="rows">Rows of tokens.</param>
    /// <param name="columns">Tokens in a row.</param>
    /// <param name="secondsPerStep">Seconds from one pair to the next.</param>
    public abstract GridPositions Positions(int steps, int rows, int columns, double secondsPerStep);

    internal override VideoModel Open(string folder, Compute compute, string? visionTowerFolder) =>
        QwenVlModel.Load(folder, this, compute);

    internal override ModelOutline Outline(string? visionTowerFolder) => new(Kind, Vision.LayerCount, 0);

    internal override ModelPart PartOf(string tensor, CheckpointFolder? files)
    {
        var names = QwenVlNames.Of(files);
        bool In(string prefix) => tensor.StartsWith(prefix, StringComparison.Ordinal);
        return In($"{names.Tower}merger.") ? ModelPart.Projector
            : In(names.Tower) ? ModelPart.Tower
            : In(names.Decoder) || In($"{names.Head}lm_head.") ? ModelPart.Decoder : ModelPart.Other;
    }

    internal override IEnumerable<(string Path, string Text)> SmallFiles() =>
        [(PreprocessorConfig.FileName, new QwenVlPreprocessor().ToJson(Vision))];

    internal override IReadOnlyList<string> ControlTokens =>
    [
        "<|endoftext|>", "<|im_start|>", ChatTemplate.StopToken, "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
        "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>",
        "<|video_pad|>",
    ];

    internal override IReadOnlyList<TensorSpec> Tensors(DType dtype)
    {
        var names = QwenVlNames.Published;
        long width = Vision.HiddenSize, joined = width * Vision.PatchesPerToken;
        IEnumerable<(string Name, long[] Shape)> all =
        [
            ($"{names.Tower}patch_embed.proj.weight", [width, Vision.ChannelCount, Vision.FramesPerPatch, Vision.PatchSize, Vision.PatchSize]),
            .. Enumerable.Range(0, Vision.LayerCount).SelectMany(i => TensorList.Under($"{names.Tower}blocks.{i}.", BlockTensors())),
            .. TensorList.Under($"{names.Tower}merger.", NormTensors("ln_q")),
            .. TensorList.Dense($"{names.Tower}merger.mlp.0", joined, joined),
            .. TensorList.Dense($"{names.Tower}merger.mlp.2", joined, Text.HiddenSize),
            .. TensorList.Under(names.Decoder, TensorList.Decoder(Text)),
        ];
        if (!Text.TieWordEmbeddings)
            all = all.Append(($"{names.Head}lm_head.weight", [Text.VocabularySize, Text.HiddenSize]));
        return [.. all.Select(tensor => new TensorSpec(tensor.Name, dtype, tensor.Shape))];
    }

    /// <summary>The tensors of a norm over the tower's width.</summary>
    internal abstract IEnumerable<(string Name, long[] Shape)> NormTensors(string name);

    /// <summary>The tensors of a block's feed-forward network.</summary>
    internal abstract IEnumerable<(string Name, long[] Shape)> FeedForwardTensors();

    /// <summary>The keys that both families write alike; <c>architectures</c>, <c>model_type</c> and the tower are missing.</summary>
    internal JsonObject CommonNode(JsonObject vision)
    {
        var node = Text.ToNode();
        node["image_token_id"] = ImageTokenId;
        node["rope_scaling"] = new JsonObject
        {
            ["mrope_section"] = new JsonArray([.. Text.RopeSections.Select(size => JsonValue.Create(size))]),
            ["type"] = "mrope",
        };
        node["video_token_id"] = VideoTokenId;
        vision["depth"] = Vision.LayerCount;
        vision["in_chans"] = Vision.ChannelCount;
        vision["num_heads"] = Vision.HeadCount;
        vision["patch_size"] = Vision.PatchSize;
        vision["spatial_merge_size"] = Vision.MergeSize;
        vision["spatial_patch_size"] = Vision.PatchSize;
        vision["temporal_patch_size"] = Vision.FramesPerPatch;
        node["vision_config"] = vision;
        return node;
    }

    /// <summary>The decoder's part of config.json: at the root, or where newer libraries put it.</summary>
    internal static Qwen2Config ParseText(ConfigSection root)
    {
        var text = Qwen2Config.Parse(root.HasObject("text_config") ? root.Section("text_config") : root, threeParts: true);
        return text with { TieWordEmbeddings = root.Flag("tie_word_embeddings", text.TieWordEmbeddings) };
    }

    private IEnumerable<(string Name, long[] Shape)> BlockTensors() =>
    [
        .. NormTensors("norm1"),
        .. TensorList.Dense("attn.qkv", Vision.HiddenSize, 3L * Vision.HiddenSize),
        .. TensorList.Dense("attn.proj", Vision.HiddenSize, Vision.HiddenSize),
        .. NormTensors("norm2"),
        .. FeedForwardTensors(),
    ];
}
