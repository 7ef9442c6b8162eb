using HieraVid.Models.Configuration;
using HieraVid.Models.Llava;
using HieraVid.Models.Qwen25Vl;
using HieraVid.Models.Qwen2Vl;

namespace HieraVid.Models.Checkpoints;

/// <summary>The dimensions of a checkpoint that <see cref="RandomCheckpoint"/> can make up.</summary>
/// <param name="Name">The name on the command line.</param>
/// <param name="Config">What config.json will say.</param>
/// <param name="FirstControlToken">The id of <c>&lt;|endoftext|&gt;</c>; the other control tokens follow it.</param>
/// <param name="RepetitionPenalty">What generation_config.json will say.</param>
public sealed record CheckpointPreset(string Name, VideoModelConfig Config, int FirstControlToken, double RepetitionPenalty)
{
    private const int Qwen2FirstControlToken = 151643;
    private const int VideoPad = 13; // places of the last two control tokens of Qwen-VL
    private const int ImagePad = 12;

    private static readonly Qwen2Config s_qwen2Half = new()
    {
        VocabularySize = 151936,
        HiddenSize = 896,
        IntermediateSize = 4864,
        LayerCount = 24,
        HeadCount = 14,
        KeyValueHeadCount = 2,
        RopeTheta = 1_000_000,
        TieWordEmbeddings = true,
        EosTokenIds = [Qwen2FirstControlToken + 2],
    };

    private static readonly Qwen2Config s_qwen2Seven = new()
    {
        VocabularySize = 152064,
        HiddenSize = 3584,
        IntermediateSize = 18944,
        LayerCount = 28,
        HeadCount = 28,
        KeyValueHeadCount = 4,
        RopeTheta = 1_000_000,
        EosTokenIds = [Qwen2FirstControlToken + 2],
    };

    private static readonly SiglipVisionConfig s_tinyTower = new()
    {
        HiddenSize = 64,
        IntermediateSize = 128,
        LayerCount = 2,
        HeadCount = 2,
        ImageSize = 384,
        PatchSize = 14,
        HasHead = false,
    };

    /// <summary>
    /// A few megabytes with the published geometry of frames (384 / 14, 196 tokens per frame) and the "-hf" naming, whose
    /// config.json describes the tower: for tests and the first steps of a user.
    /// </summary>
    public static CheckpointPreset Tiny { get; } = new("tiny", new LlavaConfig
    {
        Naming = LlavaNaming.HuggingFace,
        Text = TinyText(5),
        Vision = s_tinyTower,
        ImageTokenId = RandomVocabulary.Size + 3,
        VideoTokenId = RandomVocabulary.Size + 4,
    }, RandomVocabulary.Size, 1);

    /// <summary>As <see cref="Tiny"/>, as LLaVA-Video: 13 x 13 tokens and a newline after every row, times in the prompt.</summary>
    public static CheckpointPreset TinyVideo { get; } = new("tiny-llava-video", AsVideo(new LlavaConfig
    {
        Naming = LlavaNaming.LmmsLab,
        Text = TinyText(3),
        Vision = s_tinyTower,
        VisionTowerName = "vision_tower",
        VisionHiddenSize = s_tinyTower.HiddenSize,
    }), RandomVocabulary.Size, 1);

    /// <summary>A few megabytes with Qwen2-VL's structure: frames of any size, three-part positions.</summary>
    public static CheckpointPreset TinyQwen2Vl { get; } = new("tiny-qwen2-vl", new Qwen2VlConfig
    {
        Text = TinyText(VideoPad + 1) with { RopeSections = [4, 6, 6] },
        Vision = new QwenVlVisionConfig { HiddenSize = 64, IntermediateSize = 256, LayerCount = 2, HeadCount = 2 },
        ImageTokenId = RandomVocabulary.Size + ImagePad,
        VideoTokenId = RandomVocabulary.Size + VideoPad,
    }, RandomVocabulary.Size, 1);

    /// <summary>A few megabytes with Qwen2.5-VL's structure: one block of windowed attention, one without.</summary>
    public static CheckpointPreset TinyQwen25Vl { get; } = new("tiny-qwen2.5-vl", new Qwen25VlConfig
    {
        Text = TinyText(VideoPad + 1) with { RopeSections = [4, 6, 6] },
        Vision = new QwenVlVisionConfig { HiddenSize = 64, IntermediateSize = 172, LayerCount = 2, HeadCount = 2 },
        WholeBlocks = [1],
        ImageTokenId = RandomVocabulary.Size + ImagePad,
        VideoTokenId = RandomVocabulary.Size + VideoPad,
    }, RandomVocabulary.Size, 1);

    /// <summary>The dimensions of LLaVA-OneVision 0.5B: Qwen2-0.5B and the so400m tower.</summary>
    public static CheckpointPreset Small { get; } = new("0.5b", Llava(s_qwen2Half), Qwen2FirstControlToken, 1.1);

    /// <summary>The dimensions of LLaVA-OneVision 7B: Qwen2-7B and the so400m tower.</summary>
    public static CheckpointPreset Large { get; } = new("7b", Llava(s_qwen2Seven), Qwen2FirstControlToken, 1.05);

    /// <summary>The dimensions of LLaVA-Video 7B.</summary>
    public static CheckpointPreset LargeVideo { get; } =
        new("llava-video-7b", AsVideo(Llava(s_qwen2Seven)), Qwen2FirstControlToken, 1.05);

    /// <summary>The dimensions of Qwen2-VL 7B.</summary>
    public static CheckpointPreset LargeQwen2Vl { get; } = new("qwen2-vl-7b", new Qwen2VlConfig
    {
        Text = s_qwen2Seven with { RopeSections = [16, 24, 24] },
        Vision = new QwenVlVisionConfig(),
    }, Qwen2FirstControlToken, 1.05);

    /// <summary>The dimensions of Qwen2.5-VL 7B.</summary>
    public static CheckpointPreset LargeQwen25Vl { get; } = new("qwen2.5-vl-7b", new Qwen25VlConfig
    {
        Text = s_qwen2Seven with { RopeSections = [16, 24, 24] },
        Vision = new QwenVlVisionConfig { IntermediateSize = 3420 },
    }, Qwen2FirstControlToken, 1.05);

    /// <summary>All presets, the smallest first.</summary>
    public static IReadOnlyList<CheckpointPreset> All { get; } =
        [Tiny, TinyVideo, TinyQwen2Vl, TinyQwen25Vl, Small, Large, LargeVideo, LargeQwen2Vl, LargeQwen25Vl];

    /// <summary>The preset of that name.</summary>
    /// <exception cref="ModelException">There is none.</exception>
    public static CheckpointPreset Parse(string name) =>
        All.FirstOrDefault(preset => preset.Name == name)
        ?? throw ModelException.Option("--preset", name, $"use {string.Join(", ", All.Select(preset => preset.Name))}");

    private static LlavaConfig Llava(Qwen2Config text) => new()
    {
        Naming = LlavaNaming.LmmsLab,
        Text = text,
        VisionTowerName = SiglipVisionConfig.So400MName,
        VisionHiddenSize = SiglipVisionConfig.So400M.HiddenSize,
    };

    private static LlavaConfig AsVideo(LlavaConfig config) => config with
    {
        Pool = PoolMode.Average,
        Newline = NewlinePosition.Grid,
        AddTimeInstruction = true,
        ForceSample = true,
    };

    private static Qwen2Config TinyText(int controlTokens) => new()
    {
        // As in the published files: the control tokens, then up to a multiple of 64.
        VocabularySize = (RandomVocabulary.Size + controlTokens + 63) / 64 * 64,
        HiddenSize = 128,
        IntermediateSize = 256,
        LayerCount = 8,
        HeadCount = 4,
        KeyValueHeadCount = 2,
        RopeTheta = 1_000_000,
        TieWordEmbeddings = true,
        EosTokenIds = [RandomVocabulary.Size + 2],
    };
}
