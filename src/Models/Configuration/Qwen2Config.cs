using System.Text.Json.Nodes;

namespace HieraVid.Models.Configuration;

/// <summary>
/// A Qwen2 decoder. The defaults are those of the class that writes these files, which leaves equal values out.
/// </summary>
public sealed record Qwen2Config : ModelConfig
{
    private const string SectionKey = "mrope_section";

    /// <summary>Rows of the embedding and of the head; may exceed the tokenizer's vocabulary.</summary>
    public int VocabularySize { get; init; } = 151936;

    /// <summary>Width of the hidden state.</summary>
    public int HiddenSize { get; init; } = 4096;

    /// <summary>Width of the gated MLP.</summary>
    public int IntermediateSize { get; init; } = 22016;

    /// <summary>Decoder layers.</summary>
    public int LayerCount { get; init; } = 32;

    /// <summary>Query heads per layer.</summary>
    public int HeadCount { get; init; } = 32;

    /// <summary>Key and value heads per layer; divides <see cref="HeadCount"/>.</summary>
    public int KeyValueHeadCount { get; init; } = 32;

    /// <summary>The window: the longest sequence, in tokens.</summary>
    public int MaxPositions { get; init; } = 32768;

    /// <summary>Added to the mean square before the root.</summary>
    public double RmsNormEpsilon { get; init; } = 1e-6;

    /// <summary>Base of the rotary frequencies.</summary>
    public double RopeTheta { get; init; } = 10000;

    /// <summary>
    /// How many frequencies of a head turn by time, height and width (M-RoPE); empty for positions of one kind.
    /// </summary>
    public IReadOnlyList<int> RopeSections { get; init; } = [];

    /// <summary>Whether the head is the embedding.</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary>Ids that end a sequence by config.json; generation_config.json overrides them. May be empty.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>Width of one head.</summary>
    public int HeadSize => HiddenSize / HeadCount;

    internal override string Kind => "Qwen2";

    /// <summary>Reads the values from the root of a file, or from a <c>text_config</c>.</summary>
    /// <param name="section">The object.</param>
    /// <param name="threeParts">Whether its positions have three parts, so that <c>mrope_section</c> is needed.</param>
    internal static Qwen2Config Parse(ConfigSection section, bool threeParts = false)
    {
        var rope = section.Section("rope_parameters"); // where newer files keep the rope's values
        var scaling = section.Section("rope_scaling");
        var config = new Qwen2Config
        {
            VocabularySize = section.Int("vocab_size", 151936, max: 10_000_000),
            HiddenSize = section.Int("hidden_size", 4096, max: 1 << 20),
            IntermediateSize = section.Int("intermediate_size", 22016, max: 1 << 24),
            LayerCount = section.Int("num_hidden_layers", 32, max: 1000),
            HeadCount = section.Int("num_attention_heads", 32, max: 1024),
            KeyValueHeadCount = section.Int("num_key_value_heads", 32, max: 1024),
            MaxPositions = section.Int("max_position_embeddings", 32768),
            RmsNormEpsilon = section.Number("rms_norm_eps", 1e-6, 0, 1),
            RopeTheta = rope.Has("rope_theta")
                ? rope.Number("rope_theta", 10000, 1, 1e12)
                : section.Number("rope_theta", 10000, 1, 1e12),
            TieWordEmbeddings = section.Flag("tie_word_embeddings", false),
            EosTokenIds = section.Ints("eos_token_id"),
        };
        if (config.HiddenSize % (2 * config.HeadCount) != 0)
            throw section.Bad("hidden_size", $"a multiple of twice the {config.HeadCount} heads");
        if (config.HeadCount % config.KeyValueHeadCount != 0)
            throw section.Bad("num_key_value_heads",
                $"a divisor of the {config.HeadCount} heads (its default is {config.KeyValueHeadCount})");
        if (section.Int("head_dim", config.HeadSize) != config.HeadSize)
            throw section.Unsupported("head_dim", $"the heads must fill the hidden size, {config.HeadSize} each");
        if (section.Text("hidden_act", "silu") != "silu")
            throw section.Unsupported("hidden_act", "only silu is");
        if (section.Flag("use_sliding_window", false))
            throw section.Unsupported("use_sliding_window", "only full attention is");
        // A scaled rope gives other angles; running it unscaled would answer nonsense without an error.
        RejectScaling(scaling, section, threeParts);
        RejectScaling(rope, section, threeParts);
        return threeParts ? config with { RopeSections = Sections(scaling.Has(SectionKey) ? scaling : rope, config.HeadSize / 2) } : config;
    }

    /// <inheritdoc/>
    public override string ToJson() => ConfigJson.Format(ToNode());

    /// <summary>The values as an object, for a file of its own or for a part of one.</summary>
    internal JsonObject ToNode() => new()
    {
        ["architectures"] = new JsonArray("Qwen2ForCausalLM"),
        ["eos_token_id"] = GenerationConfig.IdsNode(EosTokenIds),
        ["hidden_act"] = "silu",
        ["hidden_size"] = HiddenSize,
        ["intermediate_size"] = IntermediateSize,
        ["max_position_embeddings"] = MaxPositions,
        ["model_type"] = "qwen2",
        ["num_attention_heads"] = HeadCount,
        ["num_hidden_layers"] = LayerCount,
        ["num_key_value_heads"] = KeyValueHeadCount,
        ["rms_norm_eps"] = RmsNormEpsilon,
        ["rope_theta"] = RopeTheta,
        ["tie_word_embeddings"] = TieWordEmbeddings,
        ["use_sliding_window"] = false,
        ["vocab_size"] = VocabularySize,
    };

    private static int[] Sections(ConfigSection rope, int half)
    {
        var sections = rope.Ints(SectionKey);
        return sections.Length == 3 && sections.Sum() == half
            ? sections
            : throw rope.Bad(SectionKey, $"three numbers that add up to half the head's size, {half}");
    }

    private static void RejectScaling(ConfigSection rope, ConfigSection parent, bool threeParts)
    {
        foreach (var key in new[] { "type", "rope_type" })
            if (rope.Text(key, "default") is var type && type != "default" && !(threeParts && type == "mrope"))
                throw rope.Unsupported(key, "only the default rope is");
        if (parent.Has("rope_scaling") && !rope.Has("type") && !rope.Has("rope_type") && rope.Has("factor"))
            throw rope.Unsupported("factor", "only the default rope is");
    }
}
