using HieraVid.Models.Configuration;

namespace HieraVid.Models.Checkpoints;

/// <summary>The dimensions of a checkpoint that <see cref="RandomCheckpoint"/> can make up.</summary>
/// <param name="Name">The name on the command line.</param>
/// <param name="Config">What config.json will say.</param>
/// <param name="FirstControlToken">The id of <c>&lt;|endoftext|&gt;</c>; the other control tokens follow it.</param>
/// <param name="RepetitionPenalty">What generation_config.json will say.</param>
public sealed record CheckpointPreset(string Name, LlavaConfig Config, int FirstControlToken, double RepetitionPenalty)
{
    private const int Qwen2FirstControlToken = 151643;

    /// <summary>
    /// A few megabytes with the published geometry of frames (384 / 14, 196 tokens per frame) and the "-hf" naming, whose
    /// config.json describes the tower: for tests and the first steps of a user.
    /// </summary>
    public static CheckpointPreset Tiny { get; } = MakeTiny();

    /// <summary>The dimensions of LLaVA-OneVision 0.5B: Qwen2-0.5B and the so400m tower.</summary>
    public static CheckpointPreset Small { get; } = Published("0.5b", 1.1, new Qwen2Config
    {
        VocabularySize = 151936,
        HiddenSize = 896,
        IntermediateSize = 4864,
        LayerCount = 24,
        HeadCount = 14,
        KeyValueHeadCount = 2,
        TieWordEmbeddings = true,
    });

    /// <summary>The dimensions of LLaVA-OneVision 7B: Qwen2-7B and the so400m tower.</summary>
    public static CheckpointPreset Large { get; } = Published("7b", 1.05, new Qwen2Config
    {
        VocabularySize = 152064,
        HiddenSize = 3584,
        IntermediateSize = 18944,
        LayerCount = 28,
        HeadCount = 28,
        KeyValueHeadCount = 4,
    });

    /// <summary>All presets, the smallest first.</summary>
    public static IReadOnlyList<CheckpointPreset> All { get; } = [Tiny, Small, Large];

    /// <summary>The preset of that name.</summary>
    /// <exception cref="ModelException">There is none.</exception>
    public static CheckpointPreset Parse(string name) =>
        All.FirstOrDefault(preset => preset.Name == name)
        ?? throw ModelException.Option("--preset", name, $"use {string.Join(", ", All.Select(preset => preset.Name))}");

    private static CheckpointPreset Published(string name, double repetitionPenalty, Qwen2Config text) => new(
        name,
        new LlavaConfig
        {
            Naming = LlavaNaming.LmmsLab,
            Text = text with
            {
                RopeTheta = 1_000_000,
                EosTokenIds = [Qwen2FirstControlToken + 2],
            },
            VisionTowerName = SiglipVisionConfig.So400MName,
            VisionHiddenSize = SiglipVisionConfig.So400M.HiddenSize,
        },
        Qwen2FirstControlToken,
        repetitionPenalty);

    private static CheckpointPreset MakeTiny()
    {
        var first = RandomVocabulary.Size;
        return new CheckpointPreset(
            "tiny",
            new LlavaConfig
            {
                Naming = LlavaNaming.HuggingFace,
                Text = new Qwen2Config
                {
                    // As in the published files: the five control tokens, then up to a multiple of 64.
                    VocabularySize = (first + 5 + 63) / 64 * 64,
                    HiddenSize = 128,
                    IntermediateSize = 256,
                    LayerCount = 8,
                    HeadCount = 4,
                    KeyValueHeadCount = 2,
                    RopeTheta = 1_000_000,
                    TieWordEmbeddings = true,
                    EosTokenIds = [first + 2],
                },
                Vision = new SiglipVisionConfig
                {
                    HiddenSize = 64,
                    IntermediateSize = 128,
                    LayerCount = 2,
                    HeadCount = 2,
                    ImageSize = 384,
                    PatchSize = 14,
                    HasHead = false,
                },
                ImageTokenId = first + 3,
                VideoTokenId = first + 4,
            },
            first,
            1);
    }
}
