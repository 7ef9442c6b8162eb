using HieraVid.Models.Configuration;
using HieraVid.Models.Devices;
using HieraVid.Models.Packed;
using HieraVid.Models.Safetensors;

namespace HieraVid.Models.Checkpoints;

/// <summary>What a checkpoint folder holds, from its configuration and the headers of its weights alone.</summary>
public sealed record CheckpointInfo
{
    /// <summary>The kind of network, with the naming of its files where there are several: "LLaVA-Video (LmmsLab naming)".</summary>
    public required string Architecture { get; init; }

    /// <summary>Parameters of the vision tower.</summary>
    public long TowerParameters { get; init; }

    /// <summary>Parameters of the projector and the newline token.</summary>
    public long ProjectorParameters { get; init; }

    /// <summary>Parameters of the decoder, embedding and head included.</summary>
    public long DecoderParameters { get; init; }

    /// <summary>Parameters in the files that nothing here uses: a text tower, logit scales.</summary>
    public long OtherParameters { get; init; }

    /// <summary>All parameters in the files.</summary>
    public long Parameters => TowerParameters + ProjectorParameters + DecoderParameters + OtherParameters;

    /// <summary>The types of the stored tensors, the one with most bytes first: "BF16".</summary>
    public required IReadOnlyList<string> StoredTypes { get; init; }

    /// <summary>How matrices are packed: "gptq int4"; null where they are not.</summary>
    public string? Packing { get; private init; }

    /// <summary>Parameters of packed matrices.</summary>
    public long PackedParameters { get; private init; }

    /// <summary>Bytes of their codes.</summary>
    public long PackedBytes { get; private init; }

    /// <summary>The size of all tensors in bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>The number of weight files.</summary>
    public required int Files { get; init; }

    /// <summary>Vision layers that are run; 0 without a tower.</summary>
    public int TowerLayers { get; init; }

    /// <summary>Decoder layers; 0 without a decoder.</summary>
    public int DecoderLayers { get; init; }

    /// <summary>Visual tokens per frame, newline tokens not counted; 0 where there is none or the video's size decides.</summary>
    public int TokensPerFrame { get; init; }

    /// <summary>The longest prompt in tokens, video included; 0 without a decoder.</summary>
    public int Window { get; init; }

    /// <summary>Numbers that the decoder keeps of each token while it answers: keys and values of all layers.</summary>
    public long CacheValuesPerToken { get; init; }

    /// <summary>
    /// Bytes on one device for the weights that are used and for keys and values of a full window; activations come on top,
    /// some hundred megabytes for a 7B model.
    /// </summary>
    /// <param name="bytesPerValue">2 for bfloat16 and float16, 4 for float32.</param>
    public long MemoryBytes(int bytesPerValue) =>
        (Parameters - OtherParameters - PackedParameters + CacheValuesPerToken * Window) * bytesPerValue + PackedBytes;

    /// <summary>Where a device map puts the parts; null without a map.</summary>
    public string? Placement { get; private init; }

    /// <summary>What each device has to hold under that placement.</summary>
    public IReadOnlyList<DeviceNeed>? Devices { get; private init; }

    /// <summary>The same with what each device has to hold under a map.</summary>
    /// <param name="folder">The checkpoint folder.</param>
    /// <param name="compute">The map, and the types that weights are loaded in.</param>
    /// <exception cref="ModelException">The map does not fit the model, or it is none that answers questions about video.</exception>
    public CheckpointInfo Under(string folder, Compute compute)
    {
        var config = ModelConfig.Load<VideoModelConfig>(folder);
        using var files = CheckpointFolder.Open(folder);
        var sizes = PartSizes.Of(config.Text, files, name => config.PartOf(name, files), config.MaxTokens, compute);
        var placement = compute.Map!.Place(sizes);
        return this with { Placement = $"{placement}", Devices = sizes.Needs(placement) };
    }

    /// <summary>Reads config.json and the headers of the weights.</summary>
    /// <param name="folder">A checkpoint folder of any supported architecture.</param>
    /// <param name="visionTowerFolder">The original tower, where config.json names one that is not built in.</param>
    /// <exception cref="ModelException">The folder cannot be used; the message says why.</exception>
    public static CheckpointInfo Read(string folder, string? visionTowerFolder = null)
    {
        var config = ModelConfig.Load(folder);
        using var files = CheckpointFolder.Open(folder);
        var info = new CheckpointInfo
        {
            Architecture = config.Kind,
            StoredTypes = [.. files.Tensors.Values
                .GroupBy(tensor => tensor.Entry.DType)
                .OrderByDescending(group => group.Sum(tensor => tensor.Entry.ByteCount))
                .Select(group => group.Key.HeaderName())],
            Bytes = files.TotalBytes,
            Files = files.Files.Count,
            Packing = files.Packing?.ToString(),
            PackedParameters = Codes(files).Sum(tensor => CountOf(tensor, files.Packing)),
            PackedBytes = Codes(files).Sum(tensor => tensor.ByteCount),
        };
        return config switch
        {
            VideoModelConfig video => Describe(info, video, video.Outline(visionTowerFolder), files),
            SiglipVisionConfig tower => Count(info with { TowerLayers = tower.LayerCount }, files,
                name => name.StartsWith("vision_model.", StringComparison.Ordinal) ? ModelPart.Tower : ModelPart.Other),
            Qwen2Config text => Count(info with { DecoderLayers = text.LayerCount, Window = text.MaxPositions, CacheValuesPerToken = CacheValues(text) }, files,
                _ => ModelPart.Decoder),
            _ => info,
        };
    }

    private static CheckpointInfo Describe(CheckpointInfo info, VideoModelConfig config, ModelOutline outline, CheckpointFolder files) =>
        Count(info, files, name => config.PartOf(name, files)) with
        {
            Architecture = outline.Name,
            TowerLayers = outline.TowerLayers,
            DecoderLayers = config.Text.LayerCount,
            TokensPerFrame = outline.TokensPerFrame,
            Window = config.MaxTokens,
            CacheValuesPerToken = CacheValues(config.Text),
        };

    private static IEnumerable<TensorEntry> Codes(CheckpointFolder files) =>
        files.Tensors.Values.Select(tensor => tensor.Entry).Where(tensor => tensor.Name.EndsWith(".qweight", StringComparison.Ordinal));

    // A word of a packed matrix holds several; scales and zero points are none.
    private static long CountOf(TensorEntry tensor, PackedFormat? packing) => tensor.Name[(tensor.Name.LastIndexOf('.') + 1)..] switch
    {
        "qweight" when packing is not null => tensor.ElementCount * (32 / packing.Bits),
        "qzeros" or "scales" or "g_idx" when packing is not null => 0,
        _ => tensor.ElementCount,
    };

    private static long CacheValues(Qwen2Config text) => 2L * text.LayerCount * text.KeyValueHeadCount * text.HeadSize;

    private static CheckpointInfo Count(CheckpointInfo info, CheckpointFolder files, Func<string, ModelPart> partOf)
    {
        var counts = files.Tensors.Values.ToLookup(tensor => partOf(tensor.Entry.Name), tensor => CountOf(tensor.Entry, files.Packing));
        return info with
        {
            TowerParameters = counts[ModelPart.Tower].Sum(),
            ProjectorParameters = counts[ModelPart.Projector].Sum(),
            DecoderParameters = counts[ModelPart.Decoder].Sum(),
            OtherParameters = counts[ModelPart.Other].Sum(),
        };
    }
}
