using System.Text.Json.Nodes;
using HieraVid.Models.Configuration;
using HieraVid.Models.Vision;
using static TorchSharp.torch;

namespace HieraVid.Models.Qwen2Vl;

/// <summary>How Qwen's towers want their pixels (models.md, section 3). The size follows from the video.</summary>
public sealed record QwenVlPreprocessor
{
    // The published utilities of 2024 spread so many tokens' pixels over a video, two frames to a token.
    private const long VideoTokens = 24576;

    private static readonly float[] s_mean = [0.48145466f, 0.4578275f, 0.40821073f];
    private static readonly float[] s_deviation = [0.26862954f, 0.26130258f, 0.27577711f];

    /// <summary>The resize's filter.</summary>
    public ResampleFilter Resample { get; init; } = ResampleFilter.Bicubic;

    /// <summary>CLIP's mean: red, green, blue.</summary>
    public IReadOnlyList<float> Mean { get; init; } = s_mean;

    /// <summary>CLIP's deviation: red, green, blue.</summary>
    public IReadOnlyList<float> StandardDeviation { get; init; } = s_deviation;

    /// <summary>Reads <c>preprocessor_config.json</c>, or takes the published values where there is none.</summary>
    /// <exception cref="ModelException">The file is damaged, or its patches are not the tower's.</exception>
    public static QwenVlPreprocessor Load(string folder, QwenVlVisionConfig tower)
    {
        var path = Path.Combine(folder, PreprocessorConfig.FileName);
        if (!File.Exists(path))
            return new QwenVlPreprocessor();
        var root = ConfigSection.Read(path);
        foreach (var (key, size) in new[]
        {
            ("patch_size", tower.PatchSize), ("temporal_patch_size", tower.FramesPerPatch), ("merge_size", tower.MergeSize),
        })
        {
            if (root.Int(key, size) != size)
                throw root.Bad(key, $"the tower's {size}");
        }
        var config = new QwenVlPreprocessor
        {
            Resample = (ResampleFilter)root.Int("resample", 3, 2, 3),
            Mean = root.Floats("image_mean", s_mean),
            StandardDeviation = root.Floats("image_std", s_deviation),
        };
        return config.StandardDeviation.Contains(0) ? throw root.Bad("image_std", "a list of 3 numbers other than 0") : config;
    }

    /// <summary>The grid of a video's frames.</summary>
    /// <param name="tower">The tower.</param>
    /// <param name="width">The video's width.</param>
    /// <param name="height">The video's height.</param>
    /// <param name="frames">Sampled frames.</param>
    /// <exception cref="ModelException">The video is too small or too narrow.</exception>
    public static FrameGrid Grid(QwenVlVisionConfig tower, int width, int height, int frames)
    {
        var factor = tower.PatchSize * tower.MergeSize;
        var (least, most) = SmartResize.VideoBudget(Math.Max(1, frames), VideoTokens * factor * factor, factor);
        if (SmartResize.Size(height, width, least, most, factor) is not { } size)
        {
            throw ModelException.Unsupported("the video", $"a picture of {width} x {height}",
                $"this model takes sides from {factor} pixels and at most 200 to 1");
        }
        return new FrameGrid(size.Width, size.Height, size.Height / factor, size.Width / factor, tower.FramesPerPatch);
    }

    /// <summary>Frames to normalised patch rows.</summary>
    /// <param name="frames">[f, height, width, 3] uint8 RGB, of the grid's size.</param>
    /// <param name="tower">The tower.</param>
    /// <returns>[steps, patches, values of a patch] in float32.</returns>
    public Tensor Patches(Tensor frames, QwenVlVisionConfig tower)
    {
        using var scope = NewDisposeScope();
        var patches = QwenVlPatches.Cut(frames, tower);
        var s = patches.shape;
        return PixelValues.Normalise(patches.view(s[0], s[1], tower.ChannelCount, s[2] / tower.ChannelCount), Mean, StandardDeviation)
            .view(s).MoveToOuterDisposeScope();
    }

    /// <summary>The text of a <c>preprocessor_config.json</c>.</summary>
    public string ToJson(QwenVlVisionConfig tower) => ConfigJson.Format(new JsonObject
    {
        ["image_mean"] = new JsonArray([.. Mean.Select(value => JsonValue.Create(value))]),
        ["image_processor_type"] = "Qwen2VLImageProcessor",
        ["image_std"] = new JsonArray([.. StandardDeviation.Select(value => JsonValue.Create(value))]),
        ["max_pixels"] = 16384L * tower.PatchSize * tower.PatchSize * tower.MergeSize * tower.MergeSize,
        ["merge_size"] = tower.MergeSize,
        ["min_pixels"] = 4L * tower.PatchSize * tower.PatchSize * tower.MergeSize * tower.MergeSize,
        ["patch_size"] = tower.PatchSize,
        ["processor_class"] = "Qwen2VLProcessor",
        ["temporal_patch_size"] = tower.FramesPerPatch,
    });
}
