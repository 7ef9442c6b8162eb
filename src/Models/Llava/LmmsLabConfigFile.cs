using System.Text.Json.Nodes;
using HieraVid.Models.Configuration;

namespace HieraVid.Models.Llava;

/// <summary>The config.json of LLaVA's authors: the decoder's keys at the root, LLaVA's own beside them.</summary>
internal static class LmmsLabConfigFile
{
    private static readonly (string, PoolMode)[] Pools =
        [("bilinear", PoolMode.Bilinear), ("average", PoolMode.Average), ("max", PoolMode.Max)];

    private static readonly (string, NewlinePosition)[] Newlines =
    [
        ("one_token", NewlinePosition.OneToken), ("grid", NewlinePosition.Grid),
        ("frame", NewlinePosition.Frame), ("no_token", NewlinePosition.NoToken),
    ];

    /// <summary>A pooling by config.json's word for it; null where there is none.</summary>
    public static PoolMode? ParsePool(string text) =>
        Pools.Where(pool => pool.Item1 == text).Select(pool => (PoolMode?)pool.Item2).FirstOrDefault();

    public static LlavaConfig Parse(ConfigSection root)
    {
        if (root.Text("mm_projector_type", "mlp2x_gelu") != "mlp2x_gelu")
            throw root.Unsupported("mm_projector_type", "only mlp2x_gelu is");
        if (root.Flag("add_faster_video", false))
            throw root.Unsupported("add_faster_video", "set it to false: no published checkpoint needs it");
        if (root.Flag("mm_use_im_start_end", false))
            throw root.Unsupported("mm_use_im_start_end", "only prompts without start and end tokens are");
        var mergeType = root.Text("mm_patch_merge_type", "flat");
        if (mergeType != "flat" && !mergeType.StartsWith("spatial", StringComparison.Ordinal))
            throw root.Bad("mm_patch_merge_type", "flat, spatial or spatial_unpad");
        var text = Qwen2Config.Parse(root);
        var tower = root.Text("mm_vision_tower", root.Text("vision_tower", ""));
        return new LlavaConfig
        {
            Naming = LlavaNaming.LmmsLab,
            Folder = Path.GetDirectoryName(root.File),
            Text = text,
            VisionTowerName = tower.Length > 0 ? tower : null,
            VisionHiddenSize = root.Has("mm_hidden_size") ? root.Int("mm_hidden_size", null) : null,
            Pool = root.Choice("mm_spatial_pool_mode", PoolMode.Bilinear, Pools),
            Newline = Effective(root.Choice("mm_newline_position", NewlinePosition.OneToken, Newlines), mergeType),
            PatchMergeType = mergeType,
            MaxTokens = root.Int("tokenizer_model_max_length", text.MaxPositions),
            AddTimeInstruction = root.Flag("add_time_instruction", false),
            ForceSample = root.Flag("force_sample", false),
        };
    }

    public static JsonObject ToNode(LlavaConfig config)
    {
        var node = config.Text.ToNode();
        node["architectures"] = new JsonArray("LlavaQwenForCausalLM");
        node["model_type"] = "llava";
        node["add_time_instruction"] = config.AddTimeInstruction;
        node["force_sample"] = config.ForceSample;
        node["mm_hidden_size"] = config.VisionHiddenSize;
        node["mm_newline_position"] = Newlines.First(newline => newline.Item2 == config.Newline).Item1;
        node["mm_patch_merge_type"] = config.PatchMergeType;
        node["mm_projector_type"] = "mlp2x_gelu";
        node["mm_spatial_pool_mode"] = Pools.First(pool => pool.Item2 == config.Pool).Item1;
        node["mm_vision_select_feature"] = "patch";
        node["mm_vision_select_layer"] = -2;
        node["mm_vision_tower"] = config.VisionTowerName;
        node["tokenizer_model_max_length"] = config.MaxTokens;
        return node;
    }

    // Flat merging knows no newlines, and the single one is only added when merging "unpads".
    private static NewlinePosition Effective(NewlinePosition stated, string mergeType) =>
        mergeType == "flat"
        || (stated == NewlinePosition.OneToken && !mergeType.Contains("unpad", StringComparison.Ordinal))
            ? NewlinePosition.NoToken
            : stated;
}
