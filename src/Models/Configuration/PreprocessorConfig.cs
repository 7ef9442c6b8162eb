using System.Text.Json.Nodes;

namespace HieraVid.Models.Configuration;

/// <summary>The filter of a resize.</summary>
public enum ResampleFilter
{
    /// <summary>Pillow's number 2.</summary>
    Bilinear = 2,

    /// <summary>Pillow's number 3.</summary>
    Bicubic = 3,
}

/// <summary>How a frame becomes pixels: resize without keeping the aspect ratio, rescale, normalise.</summary>
public sealed record PreprocessorConfig
{
    /// <summary>The file's name inside a checkpoint folder.</summary>
    public const string FileName = "preprocessor_config.json";

    /// <summary>Height after the resize, in pixels.</summary>
    public required int ImageHeight { get; init; }

    /// <summary>Width after the resize, in pixels.</summary>
    public required int ImageWidth { get; init; }

    /// <summary>The resize's filter.</summary>
    public ResampleFilter Resample { get; init; } = ResampleFilter.Bicubic;

    /// <summary>Multiplies the bytes before they are normalised.</summary>
    public double RescaleFactor { get; init; } = 1.0 / 255;

    /// <summary>Subtracted after rescaling: red, green, blue.</summary>
    public IReadOnlyList<float> Mean { get; init; } = [0.5f, 0.5f, 0.5f];

    /// <summary>Divides after the mean is subtracted: red, green, blue.</summary>
    public IReadOnlyList<float> StandardDeviation { get; init; } = [0.5f, 0.5f, 0.5f];

    /// <summary>SigLIP's preprocessing for a tower.</summary>
    public static PreprocessorConfig For(SiglipVisionConfig tower) =>
        new() { ImageHeight = tower.ImageSize, ImageWidth = tower.ImageSize };

    /// <summary>Reads <c>preprocessor_config.json</c>, or takes SigLIP's values where there is none.</summary>
    /// <param name="folder">A checkpoint folder; the LLaVA authors' ones have no such file.</param>
    /// <param name="tower">The tower that the pixels are for.</param>
    /// <exception cref="ModelException">The file is damaged, or does not produce the tower's image size.</exception>
    public static PreprocessorConfig Load(string folder, SiglipVisionConfig tower)
    {
        var path = Path.Combine(folder, FileName);
        return File.Exists(path) ? Parse(ConfigSection.Read(path), tower) : For(tower);
    }

    /// <summary>The text of a <c>preprocessor_config.json</c>.</summary>
    public string ToJson() => ConfigJson.Format(new JsonObject
    {
        ["do_normalize"] = true,
        ["do_rescale"] = true,
        ["do_resize"] = true,
        ["image_mean"] = Numbers(Mean),
        ["image_processor_type"] = "SiglipImageProcessor",
        ["image_std"] = Numbers(StandardDeviation),
        ["resample"] = (int)Resample,
        ["rescale_factor"] = RescaleFactor,
        ["size"] = new JsonObject { ["height"] = ImageHeight, ["width"] = ImageWidth },
    });

    private static PreprocessorConfig Parse(ConfigSection root, SiglipVisionConfig tower)
    {
        foreach (var step in new[] { "do_resize", "do_rescale", "do_normalize" })
            if (!root.Flag(step, true))
                throw root.Unsupported(step, "frames are always resized, rescaled and normalised");
        var side = tower.ImageSize;
        var size = root.HasObject("size") ? root.Section("size") : null;
        var config = new PreprocessorConfig
        {
            ImageHeight = size?.Int("height", side) ?? root.Int("size", side),
            ImageWidth = size?.Int("width", side) ?? root.Int("size", side),
            Resample = (ResampleFilter)root.Int("resample", 3, 2, 3),
            RescaleFactor = root.Number("rescale_factor", 1.0 / 255, 1e-9, 1),
            Mean = root.Floats("image_mean", [0.5f, 0.5f, 0.5f]),
            StandardDeviation = root.Floats("image_std", [0.5f, 0.5f, 0.5f]),
        };
        if (config.ImageHeight != side || config.ImageWidth != side)
            throw root.Bad("size", $"the tower's {side} x {side}");
        if (config.StandardDeviation.Contains(0))
            throw root.Bad("image_std", "a list of 3 numbers other than 0");
        return config;
    }

    private static JsonArray Numbers(IReadOnlyList<float> values) =>
        new([.. values.Select(value => JsonValue.Create(value))]);
}
