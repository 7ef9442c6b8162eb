using HieraVid.Models.Configuration;
using HieraVid.Models.Safetensors;
using HieraVid.Models.Tokenization;

namespace HieraVid.Models.Llava;

/// <summary>How a frame's grid of projected patches is reduced, with stride 2.</summary>
public enum PoolMode
{
    /// <summary>Bilinear resize to the rounded-up half: 27 to 14.</summary>
    Bilinear,

    /// <summary>Mean of 2 x 2; an odd last row and column are dropped: 27 to 13.</summary>
    Average,

    /// <summary>Maximum of 2 x 2; an odd last row and column are dropped: 27 to 13.</summary>
    Max,
}

/// <summary>Where the learned newline token stands among a video's tokens.</summary>
public enum NewlinePosition
{
    /// <summary>Once, after the last frame.</summary>
    OneToken,

    /// <summary>After every row of every frame.</summary>
    Grid,

    /// <summary>After every frame.</summary>
    Frame,

    /// <summary>Nowhere.</summary>
    NoToken,
}

/// <summary>Which of the two published conventions a LLaVA checkpoint's files and tensor names follow.</summary>
public enum LlavaNaming
{
    /// <summary>The authors' own files: LlavaQwenForCausalLM.</summary>
    LmmsLab,

    /// <summary>The converted "-hf" files: LlavaOnevisionForConditionalGeneration.</summary>
    HuggingFace,
}

/// <summary>LLaVA-OneVision or LLaVA-Video: a SigLIP tower, a two-layer projector and a Qwen2 decoder.</summary>
public sealed record LlavaConfig : VideoModelConfig
{
    /// <summary>The convention of its files.</summary>
    public required LlavaNaming Naming { get; init; }

    /// <summary>
    /// The tower as config.json describes it; null in the authors' files, which only name it: see
    /// <see cref="ResolveVision"/>.
    /// </summary>
    public SiglipVisionConfig? Vision { get; init; }

    /// <summary>The tower's name or folder in the authors' files; null in "-hf" files.</summary>
    public string? VisionTowerName { get; init; }

    /// <summary>Width of the tower's features in the authors' files; null where they don't say.</summary>
    public int? VisionHiddenSize { get; init; }

    /// <summary>
    /// Which layer's output is the feature, in "-hf" files: from 0 (the embeddings), or from -1 (the last) backwards.
    /// </summary>
    public int VisionFeatureLayer { get; init; } = -1;

    /// <summary>How a frame is pooled.</summary>
    public PoolMode Pool { get; init; } = PoolMode.Bilinear;

    /// <summary>Where newline tokens stand, with the effect of <see cref="PatchMergeType"/> included.</summary>
    public NewlinePosition Newline { get; init; } = NewlinePosition.OneToken;

    /// <summary><c>mm_patch_merge_type</c> as it is in the file.</summary>
    public string PatchMergeType { get; init; } = "spatial_unpad";

    /// <summary>Whether the model was trained with the sentence about the video's length and frame times.</summary>
    public bool AddTimeInstruction { get; init; }

    /// <summary>Whether frames are always sampled uniformly, even if one per second would be fewer.</summary>
    public bool ForceSample { get; init; }

    /// <summary>Id of the image placeholder token in "-hf" files.</summary>
    public int ImageTokenId { get; init; } = 151646;

    /// <summary>Id of the video placeholder token in "-hf" files.</summary>
    public int VideoTokenId { get; init; } = 151647;

    /// <summary>Whether the head is the embedding.</summary>
    public bool TieWordEmbeddings => Text.TieWordEmbeddings;

    /// <summary>The folder that config.json came from, where a tower may lie that it names.</summary>
    internal string? Folder { get; init; }

    // The files of both families have the same architecture; these are LLaVA-Video's own keys.
    private bool IsLlavaVideo => AddTimeInstruction || Newline == NewlinePosition.Grid;

    /// <inheritdoc/>
    public override FrameRule FrameRule => IsLlavaVideo ? FrameRule.OnePerSecond : FrameRule.Uniform;

    /// <inheritdoc/>
    public override int DefaultFrames => IsLlavaVideo ? 64 : 32;

    /// <inheritdoc/>
    public override bool ForcesDefaultFrames => ForceSample;

    /// <inheritdoc/>
    public override bool TellsTimes => AddTimeInstruction;

    /// <inheritdoc/>
    public override bool TakesVisionTower => true;

    /// <inheritdoc/>
    public override bool RowNewlines => Newline == NewlinePosition.Grid;

    /// <summary>The converted checkpoints were published with a chat format of their own.</summary>
    public override ChatTemplate Template => Naming == LlavaNaming.HuggingFace ? ChatTemplate.HuggingFace : ChatTemplate.Qwen15;

    internal override string Kind => "Llava";

    internal override IReadOnlyList<string> ControlTokens => Naming == LlavaNaming.HuggingFace
        ? ["<|endoftext|>", "<|im_start|>", ChatTemplate.StopToken, "<image>", "<video>"]
        : ["<|endoftext|>", "<|im_start|>", ChatTemplate.StopToken];

    /// <summary>The tower's dimensions, with as many layers as have to be run and no head.</summary>
    /// <param name="towerFolder">
    /// The folder of the original tower's checkpoint, for the authors' files that name any tower but
    /// <see cref="SiglipVisionConfig.So400MName"/>; it wins over the name. Not needed for "-hf" files.
    /// </param>
    /// <exception cref="ModelException">The tower is unknown, or does not fit <c>mm_hidden_size</c>.</exception>
    public SiglipVisionConfig ResolveVision(string? towerFolder = null)
    {
        if (Vision is { } vision)
        {
            var layers = VisionFeatureLayer < 0 ? vision.LayerCount + 1 + VisionFeatureLayer : VisionFeatureLayer;
            return vision with { LayerCount = layers, HasHead = false };
        }
        var (source, original) = (towerFolder, VisionTowerName) switch
        {
            ({ } folder, _) => (folder, Load<SiglipVisionConfig>(folder)),
            (_, SiglipVisionConfig.So400MName) => (SiglipVisionConfig.So400MName, SiglipVisionConfig.So400M),
            (_, { } name) when Folder is { } own && Directory.Exists(Path.Combine(own, name)) =>
                (Path.Combine(own, name), Load<SiglipVisionConfig>(Path.Combine(own, name))),
            (_, { } name) when Directory.Exists(name) => (name, Load<SiglipVisionConfig>(name)),
            (_, var name) => throw ModelException.NotFound($"vision tower {name ?? "(unnamed)"}",
                $"only {SiglipVisionConfig.So400MName} is built in; give the folder of the original tower"),
        };
        if (VisionHiddenSize is { } expected && expected != original.HiddenSize)
            throw ModelException.BadValue(source, "hidden_size",
                $"{expected} (mm_hidden_size of the model it belongs to)", $"{original.HiddenSize}");
        // The model uses the output of the second-last layer, and its checkpoint leaves the last one out.
        return original with { LayerCount = original.LayerCount - 1, HasHead = false };
    }

    /// <inheritdoc/>
    public override string Variant => $"{Pool}";

    /// <inheritdoc/>
    public override VideoModelConfig WithPool(string? pool) => pool is null ? this : this with
    {
        Pool = ParsePool(pool),
    };

    /// <summary>A pooling by config.json's word for it.</summary>
    /// <exception cref="ModelException">There is none of that name.</exception>
    public static PoolMode ParsePool(string text) =>
        LmmsLabConfigFile.ParsePool(text) ?? throw ModelException.Option("--pool", text, "use bilinear, average or max");

    internal override VideoModel Open(string folder, Compute compute, string? visionTowerFolder) =>
        LlavaModel.Load(folder, this, compute, visionTowerFolder);

    internal override ModelOutline Outline(string? visionTowerFolder)
    {
        var tower = ResolveVision(visionTowerFolder);
        var side = GridPooling.PooledSize(tower.GridSize, Pool);
        return new ModelOutline($"{(IsLlavaVideo ? "LLaVA-Video" : "LLaVA-OneVision")} ({Naming} naming)", tower.LayerCount, side * side);
    }

    internal override ModelPart PartOf(string tensor, CheckpointFolder? files)
    {
        var names = LlavaNames.Of(Naming, files);
        bool In(string prefix) => tensor.StartsWith(prefix, StringComparison.Ordinal);
        if (In(names.Tower))
            return ModelPart.Tower;
        if (In(names.ProjectorFirst) || In(names.ProjectorSecond) || tensor == names.Newline)
            return ModelPart.Projector;
        return In(names.Decoder) || In($"{names.Head}lm_head.") ? ModelPart.Decoder : ModelPart.Other;
    }

    internal override IReadOnlyList<TensorSpec> Tensors(DType dtype) => LlavaTensors.List(this, dtype);

    internal override IEnumerable<(string Path, string Text)> SmallFiles()
    {
        if (Naming == LlavaNaming.HuggingFace)
            yield return (PreprocessorConfig.FileName, PreprocessorConfig.For(ResolveVision()).ToJson());
        // The authors' config.json only names the tower; the original one has a layer more than is used.
        else if (Vision is { } vision)
            yield return (Path.Combine(VisionTowerName!, FileName), (vision with { LayerCount = vision.LayerCount + 1 }).ToJson());
    }

    /// <inheritdoc/>
    public override string ToJson() => ConfigJson.Format(Naming == LlavaNaming.LmmsLab
        ? LmmsLabConfigFile.ToNode(this)
        : HuggingFaceConfigFile.ToNode(this));
}
