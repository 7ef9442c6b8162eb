using System.Text.Json.Nodes;

namespace HieraVid.Models.Configuration;

/// <summary>How a checkpoint wants its answers generated. The defaults are plain greedy decoding.</summary>
public sealed record GenerationConfig
{
    /// <summary>The file's name inside a checkpoint folder.</summary>
    public const string FileName = "generation_config.json";

    /// <summary>Generation stops at any of these; empty if the checkpoint names none.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>Divides positive and multiplies negative logits of tokens already seen; 1 is off.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Whether the checkpoint's authors sample rather than take the best token.</summary>
    public bool DoSample { get; init; }

    /// <summary>Divides the logits before sampling; 0 means greedy.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Sampling keeps the likeliest tokens up to this total probability; 1 is off.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Sampling keeps this many of the likeliest tokens; 0 is off.</summary>
    public int TopK { get; init; } = 50;

    /// <summary>Reads <c>generation_config.json</c>; where it names no end of text, config.json does.</summary>
    /// <param name="folder">A checkpoint folder.</param>
    /// <exception cref="ModelException">The file is damaged or a value is out of range.</exception>
    public static GenerationConfig Load(string folder)
    {
        var path = Path.Combine(folder, FileName);
        var config = File.Exists(path) ? Parse(ConfigSection.Read(path)) : new GenerationConfig();
        return config.EosTokenIds.Count > 0 || !File.Exists(Path.Combine(folder, ModelConfig.FileName))
            ? config
            : config with { EosTokenIds = IdsOfModel(ModelConfig.Load(folder)) };
    }

    /// <summary>The text of a <c>generation_config.json</c>.</summary>
    public string ToJson() => ConfigJson.Format(new JsonObject
    {
        ["do_sample"] = DoSample,
        ["eos_token_id"] = IdsNode(EosTokenIds),
        ["repetition_penalty"] = RepetitionPenalty,
        ["temperature"] = Temperature,
        ["top_k"] = TopK,
        ["top_p"] = TopP,
    });

    /// <summary>Ids as these files hold them: null, a number or a list.</summary>
    internal static JsonNode? IdsNode(IReadOnlyList<int> ids) => ids.Count switch
    {
        0 => null,
        1 => JsonValue.Create(ids[0]),
        _ => new JsonArray([.. ids.Select(id => JsonValue.Create(id))]),
    };

    private static GenerationConfig Parse(ConfigSection root) => new()
    {
        EosTokenIds = root.Ints("eos_token_id"),
        RepetitionPenalty = root.Number("repetition_penalty", 1, 0.01, 100),
        DoSample = root.Flag("do_sample", false),
        Temperature = root.Number("temperature", 1, 0, 100),
        TopP = root.Number("top_p", 1, 0, 1),
        TopK = root.Int("top_k", 50, 0),
    };

    private static IReadOnlyList<int> IdsOfModel(ModelConfig config) => config switch
    {
        Qwen2Config text => text.EosTokenIds,
        VideoModelConfig video => video.Text.EosTokenIds,
        _ => [],
    };
}
