using HieraVid.Models.Configuration;
using HieraVid.Models.Safetensors;
using HieraVid.Models.Tokenization;

namespace HieraVid.Models;

/// <summary>The rule by which a model's authors choose frames where the user says nothing.</summary>
public enum FrameRule
{
    /// <summary>Evenly spaced.</summary>
    Uniform,

    /// <summary>LLaVA-Video's: one per second, evenly spaced where those are too many.</summary>
    OnePerSecond,

    /// <summary>Qwen-VL's: two per second, an even number, evenly spaced.</summary>
    Pairs,
}

/// <summary>A network that answers questions about video: a tower and a Qwen2 decoder.</summary>
public abstract record VideoModelConfig : ModelConfig
{
    /// <summary>The decoder.</summary>
    public required Qwen2Config Text { get; init; }

    /// <summary>The longest prompt in tokens, video included.</summary>
    public int MaxTokens { get; init; } = 32768;

    /// <summary>The authors' rule for choosing frames.</summary>
    public abstract FrameRule FrameRule { get; }

    /// <summary>Most frames by that rule.</summary>
    public abstract int DefaultFrames { get; }

    /// <summary>Whether the authors take that number of frames even where their rule gives fewer.</summary>
    public virtual bool ForcesDefaultFrames => false;

    /// <summary>Whether the prompt tells the model the video's length and the frames' times.</summary>
    public virtual bool TellsTimes => false;

    /// <summary>Whether a newline token follows every row of a grid.</summary>
    public virtual bool RowNewlines => false;

    /// <summary>Whether the original tower, with the head that the checkpoint lacks, can be given.</summary>
    public virtual bool TakesVisionTower => false;

    /// <summary>The prompt format.</summary>
    public abstract ChatTemplate Template { get; }

    /// <summary>What a user may have changed about how frames become tokens, for a name of those tokens; empty where nothing can be.</summary>
    public virtual string Variant => "";

    /// <summary>The same with another pooling of a frame's tokens, where the model's users are known to override it.</summary>
    /// <param name="pool">One of config.json's words; null changes nothing.</param>
    /// <exception cref="ModelException">The model has no such choice.</exception>
    public virtual VideoModelConfig WithPool(string? pool) => pool is null ? this
        : throw ModelException.Option("--pool", pool, $"{Kind} has one way of making tokens only");

    /// <summary>Loads the network.</summary>
    internal abstract VideoModel Open(string folder, Compute compute, string? visionTowerFolder);

    /// <summary>What a reader of headers can tell about it.</summary>
    internal abstract ModelOutline Outline(string? visionTowerFolder);

    /// <summary>The part of the network that a tensor belongs to: of an open checkpoint, or of one that is being made.</summary>
    internal abstract ModelPart PartOf(string tensor, CheckpointFolder? files);

    /// <summary>The tensors of a checkpoint, in the order in which the loader asks for them.</summary>
    internal abstract IReadOnlyList<TensorSpec> Tensors(DType dtype);

    /// <summary>The small files beside config.json, by their path in the folder.</summary>
    internal abstract IEnumerable<(string Path, string Text)> SmallFiles();

    /// <summary>The control tokens, from <c>&lt;|endoftext|&gt;</c> on.</summary>
    internal abstract IReadOnlyList<string> ControlTokens { get; }
}
