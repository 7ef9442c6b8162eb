using System.Text.Json.Nodes;
using HieraVid.Models.Configuration;
using HieraVid.Models.Qwen2;
using HieraVid.Models.Qwen2Vl;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Qwen25Vl;

/// <summary>
/// Qwen2.5-VL: the tower's blocks have RMS norms, gated feed-forward networks and, but for some, windowed attention; the
/// temporal part of a position counts time, not grids.
/// </summary>
public sealed record Qwen25VlConfig : QwenVlConfig
{
    private const double NormEpsilon = 1e-6;

    /// <summary>Side of an attention window, in pixels.</summary>
    public int WindowSize { get; init; } = 112;

    /// <summary>Blocks in which every patch sees the whole grid.</summary>
    public IReadOnlyList<int> WholeBlocks { get; init; } = [7, 15, 23, 31];

    /// <summary>Temporal positions in a second.</summary>
    public double TokensPerSecond { get; init; } = 2;

    internal override string Kind => "Qwen2.5-VL";

    internal override QwenVlParts Parts => new(
        (weights, name) =>
        {
            var weight = weights.Load($"{name}.weight", Vision.HiddenSize);
            return x => Activations.RmsNorm(x, weight, NormEpsilon);
        },
        weights =>
        {
            var gate = weights.Linear("mlp.gate_proj", Vision.HiddenSize, Vision.IntermediateSize);
            var up = weights.Linear("mlp.up_proj", Vision.HiddenSize, Vision.IntermediateSize);
            var down = weights.Linear("mlp.down_proj", Vision.IntermediateSize, Vision.HiddenSize);
            return x => FeedForward(x, gate, up, down);
        })
    {
        WindowSide = WindowSize / (Vision.PatchSize * Vision.MergeSize),
        WholeBlocks = WholeBlocks,
    };

    /// <summary>A grid's temporal position is its time times <see cref="TokensPerSecond"/>, in float32, cut off.</summary>
    public override GridPositions Positions(int steps, int rows, int columns, double secondsPerStep) => new(rows, columns,
        [.. Enumerable.Range(0, steps).Select(t => (long)(t * (float)secondsPerStep * (float)TokensPerSecond))]);

    /// <summary>Reads config.json.</summary>
    internal static Qwen25VlConfig Parse(ConfigSection root)
    {
        var text = ParseText(root);
        var section = root.Section("vision_config");
        if (section.Text("hidden_act", "silu") != "silu")
            throw section.Unsupported("hidden_act", "only silu is");
        var vision = QwenVlVisionConfig.Parse(section, "hidden_size");
        if (section.Int("out_hidden_size", 3584) != text.HiddenSize)
            throw section.Bad("out_hidden_size", $"the decoder's width, {text.HiddenSize}");
        var window = section.Int("window_size", 112);
        if (window % (vision.PatchSize * vision.MergeSize) != 0)
            throw section.Bad("window_size", $"a multiple of a token's {vision.PatchSize * vision.MergeSize} pixels");
        return new Qwen25VlConfig
        {
            Text = text,
            MaxTokens = text.MaxPositions,
            Vision = vision with { IntermediateSize = section.Int("intermediate_size", 3420, max: 1 << 24) },
            WindowSize = window,
            WholeBlocks = section.Has("fullatt_block_indexes") ? section.Ints("fullatt_block_indexes") : [7, 15, 23, 31],
            TokensPerSecond = section.Number("tokens_per_second", 4, 0.01, 1000),
            ImageTokenId = root.Int("image_token_id", 151655, 0),
            VideoTokenId = root.Int("video_token_id", 151656, 0),
        };
    }

    /// <inheritdoc/>
    public override string ToJson()
    {
        var node = CommonNode(new JsonObject
        {
            ["fullatt_block_indexes"] = new JsonArray([.. WholeBlocks.Select(block => JsonValue.Create(block))]),
            ["hidden_act"] = "silu",
            ["hidden_size"] = Vision.HiddenSize,
            ["intermediate_size"] = Vision.IntermediateSize,
            ["out_hidden_size"] = Text.HiddenSize,
            ["tokens_per_second"] = TokensPerSecond,
            ["window_size"] = WindowSize,
        });
        node["architectures"] = new JsonArray("Qwen2_5_VLForConditionalGeneration");
        node["model_type"] = "qwen2_5_vl";
        return ConfigJson.Format(node);
    }

    internal override IEnumerable<(string Name, long[] Shape)> NormTensors(string name) => [($"{name}.weight", [Vision.HiddenSize])];

    internal override IEnumerable<(string Name, long[] Shape)> FeedForwardTensors() =>
    [
        .. TensorList.Dense("mlp.gate_proj", Vision.HiddenSize, Vision.IntermediateSize),
        .. TensorList.Dense("mlp.up_proj", Vision.HiddenSize, Vision.IntermediateSize),
        .. TensorList.Dense("mlp.down_proj", Vision.IntermediateSize, Vision.HiddenSize),
    ];

    private static Tensor FeedForward(Tensor x, Linear gate, Linear up, Linear down)
    {
        using var scope = NewDisposeScope();
        return down.Forward(Activations.SwiGlu(gate.Forward(x), up.Forward(x))).MoveToOuterDisposeScope();
    }
}
