using HieraVid.Models.Configuration;

namespace HieraVid.Models.Qwen2Vl;

/// <summary>What the vision towers of Qwen2-VL and Qwen2.5-VL have in common.</summary>
public sealed record QwenVlVisionConfig
{
    /// <summary>Width of a patch's feature.</summary>
    public int HiddenSize { get; init; } = 1280;

    /// <summary>Width of a block's feed-forward network.</summary>
    public int IntermediateSize { get; init; } = 5120;

    /// <summary>Blocks.</summary>
    public int LayerCount { get; init; } = 32;

    /// <summary>Attention heads per block.</summary>
    public int HeadCount { get; init; } = 16;

    /// <summary>Colour channels.</summary>
    public int ChannelCount { get; init; } = 3;

    /// <summary>Side of a patch, in pixels.</summary>
    public int PatchSize { get; init; } = 14;

    /// <summary>Patches along each side of a token.</summary>
    public int MergeSize { get; init; } = 2;

    /// <summary>Frames in one patch.</summary>
    public int FramesPerPatch { get; init; } = 2;

    /// <summary>Values of a patch.</summary>
    public int PatchValues => ChannelCount * FramesPerPatch * PatchSize * PatchSize;

    /// <summary>Width of one head.</summary>
    public int HeadSize => HiddenSize / HeadCount;

    /// <summary>Patches merged into one token.</summary>
    public int PatchesPerToken => MergeSize * MergeSize;

    /// <summary>Reads the keys that both families have; the widths have names of their own in each.</summary>
    /// <param name="section"><c>vision_config</c>.</param>
    /// <param name="width">The key of the tower's width.</param>
    internal static QwenVlVisionConfig Parse(ConfigSection section, string width)
    {
        var config = new QwenVlVisionConfig
        {
            HiddenSize = section.Int(width, 1280, max: 1 << 20),
            LayerCount = section.Int("depth", 32, max: 1000),
            HeadCount = section.Int("num_heads", 16, max: 1024),
            ChannelCount = section.Int("in_chans", section.Int("in_channels", 3, 3, 3), 3, 3),
            PatchSize = section.Int("patch_size", 14, max: 1024),
            MergeSize = section.Int("spatial_merge_size", 2, max: 16),
            FramesPerPatch = section.Int("temporal_patch_size", 2, max: 16),
        };
        // A rotation by two coordinates cuts each head in four.
        return config.HiddenSize % (4 * config.HeadCount) == 0
            ? config
            : throw section.Bad(width, $"a multiple of four times the {config.HeadCount} heads");
    }
}
