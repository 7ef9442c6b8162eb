using System.Text.Json.Nodes;
using HieraVid.Models.Configuration;
using HieraVid.Models.Qwen2;
using static TorchSharp.torch;

namespace HieraVid.Models.Qwen2Vl;

/// <summary>Qwen2-VL: layer norms, a plain feed-forward network with quick GELU, grids counted one by one.</summary>
public sealed record Qwen2VlConfig : QwenVlConfig
{
    private const double NormEpsilon = 1e-6;

    internal override string Kind => "Qwen2-VL";

    internal override QwenVlParts Parts => new(
        (weights, name) => weights.LayerNorm(name, Vision.HiddenSize, NormEpsilon).Forward,
        weights =>
        {
            var first = weights.Linear("mlp.fc1", Vision.HiddenSize, Vision.IntermediateSize);
            var second = weights.Linear("mlp.fc2", Vision.IntermediateSize, Vision.HiddenSize);
            return x => FeedForward(x, first, second);
        });

    /// <inheritdoc/>
    public override GridPositions Positions(int steps, int rows, int columns, double secondsPerStep) =>
        GridPositions.Counted(steps, rows, columns);

    /// <summary>Reads config.json.</summary>
    internal static Qwen2VlConfig Parse(ConfigSection root)
    {
        var text = ParseText(root);
        var section = root.Section("vision_config");
        if (section.Text("hidden_act", "quick_gelu") != "quick_gelu")
            throw section.Unsupported("hidden_act", "only quick_gelu is");
        var vision = QwenVlVisionConfig.Parse(section, "embed_dim");
        // The key hidden_size is the TEXT's width here.
        if (section.Int("hidden_size", text.HiddenSize) != text.HiddenSize)
            throw section.Bad("hidden_size", $"the decoder's width, {text.HiddenSize}");
        return new Qwen2VlConfig
        {
            Text = text,
            MaxTokens = text.MaxPositions,
            Vision = vision with { IntermediateSize = (int)(vision.HiddenSize * section.Number("mlp_ratio", 4, 0.1, 100)) },
            ImageTokenId = root.Int("image_token_id", 151655, 0),
            VideoTokenId = root.Int("video_token_id", 151656, 0),
        };
    }

    /// <inheritdoc/>
    public override string ToJson()
    {
        var node = CommonNode(new JsonObject
        {
            ["embed_dim"] = Vision.HiddenSize,
            ["hidden_size"] = Text.HiddenSize,
            ["mlp_ratio"] = Vision.IntermediateSize / Vision.HiddenSize,
        });
        node["architectures"] = new JsonArray("Qwen2VLForConditionalGeneration");
        node["model_type"] = "qwen2_vl";
        return ConfigJson.Format(node);
    }

    internal override IEnumerable<(string Name, long[] Shape)> NormTensors(string name) => TensorList.Norm(name, Vision.HiddenSize);

    internal override IEnumerable<(string Name, long[] Shape)> FeedForwardTensors() =>
    [
        .. TensorList.Dense("mlp.fc1", Vision.HiddenSize, Vision.IntermediateSize),
        .. TensorList.Dense("mlp.fc2", Vision.IntermediateSize, Vision.HiddenSize),
    ];

    // fc2(h · sigmoid(1.702·h)), h = fc1(x).
    private static Tensor FeedForward(Tensor x, Linear first, Linear second)
    {
        using var scope = NewDisposeScope();
        var wide = first.Forward(x);
        return second.Forward(wide * (wide * 1.702).sigmoid()).MoveToOuterDisposeScope();
    }
}
