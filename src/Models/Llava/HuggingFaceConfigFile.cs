using System.Text.Json.Nodes;
using HieraVid.Models.Configuration;

namespace HieraVid.Models.Llava;

/// <summary>
/// The config.json of the converted checkpoints: <c>text_config</c> and <c>vision_config</c>. Video is always pooled
/// bilinearly with one newline at the end, whatever else the file says.
/// </summary>
internal static class HuggingFaceConfigFile
{
    public static LlavaConfig Parse(ConfigSection root)
    {
        var textSection = root.Section("text_config");
        var type = textSection.Text("model_type", "qwen2");
        if (type != "qwen2")
            throw textSection.Unsupported("model_type", "only a qwen2 decoder is");
        if (root.Text("projector_hidden_act", "gelu") != "gelu")
            throw root.Unsupported("projector_hidden_act", "only gelu is");
        if (root.Text("vision_feature_select_strategy", "full") != "full")
            throw root.Unsupported("vision_feature_select_strategy", "only full is");
        var text = Qwen2Config.Parse(textSection);
        var vision = SiglipVisionConfig.Parse(root.Section("vision_config"));
        return new LlavaConfig
        {
            Naming = LlavaNaming.HuggingFace,
            Text = text with { TieWordEmbeddings = root.Flag("tie_word_embeddings", text.TieWordEmbeddings) },
            Vision = vision,
            VisionHiddenSize = vision.HiddenSize,
            VisionFeatureLayer = root.Int("vision_feature_layer", -1, -vision.LayerCount, vision.LayerCount),
            MaxTokens = text.MaxPositions,
            ImageTokenId = root.Int("image_token_index", root.Int("image_token_id", 151646, 0), 0),
            VideoTokenId = root.Int("video_token_index", root.Int("video_token_id", 151647, 0), 0),
        };
    }

    public static JsonObject ToNode(LlavaConfig config) => new()
    {
        ["architectures"] = new JsonArray("LlavaOnevisionForConditionalGeneration"),
        ["image_token_index"] = config.ImageTokenId,
        ["model_type"] = "llava_onevision",
        ["projector_hidden_act"] = "gelu",
        ["text_config"] = config.Text.ToNode(),
        ["tie_word_embeddings"] = config.TieWordEmbeddings,
        ["video_token_index"] = config.VideoTokenId,
        ["vision_config"] = config.ResolveVision().ToNode(),
        ["vision_feature_layer"] = -1,
        ["vision_feature_select_strategy"] = "full",
    };
}
