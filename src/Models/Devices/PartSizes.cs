using System.Globalization;
using System.Text.RegularExpressions;
using HieraVid.Models.Configuration;
using HieraVid.Models.Safetensors;

namespace HieraVid.Models.Devices;

/// <summary>What a device has to hold.</summary>
/// <param name="Device">The device's name.</param>
/// <param name="WeightBytes">Weights.</param>
/// <param name="CacheBytes">Keys and values of a full window; activations come on top.</param>
public sealed record DeviceNeed(string Device, long WeightBytes, long CacheBytes);

/// <summary>Bytes of a model's parts as they are loaded.</summary>
/// <param name="Vision">Tower, projector and newline token.</param>
/// <param name="Embedding">The decoder's embedding.</param>
/// <param name="Head">Its head; 0 where the embedding serves as one.</param>
/// <param name="Layers">Weights of each layer.</param>
/// <param name="CachePerLayer">Keys and values of one layer for a full window.</param>
public sealed partial record PartSizes(long Vision, long Embedding, long Head, IReadOnlyList<long> Layers, long CachePerLayer)
{
    /// <summary>Weights that the decoder's end needs on its device, beside the layers.</summary>
    /// <param name="withStart">Whether the decoder's beginning is on the same device, so that a shared embedding is there already.</param>
    internal long End(bool withStart) => Head > 0 ? Head : withStart ? 0 : Embedding;

    /// <summary>What each device has to hold under a placement.</summary>
    public IReadOnlyList<DeviceNeed> Needs(Placement placement) => [.. placement.Devices.Select(device =>
    {
        var layers = Enumerable.Range(0, Layers.Count).Where(i => placement.Layers[i] == device).ToList();
        var weights = layers.Sum(i => Layers[i]);
        weights += placement.Vision == device ? Vision : 0;
        weights += placement.First == device ? Embedding : 0;
        weights += placement.Last == device ? End(placement.First == device) : 0;
        return new DeviceNeed(device.Name, weights, layers.Count * CachePerLayer);
    })];

    /// <summary>Adds up the tensors of an open checkpoint.</summary>
    /// <param name="text">The decoder.</param>
    /// <param name="files">The checkpoint.</param>
    /// <param name="partOf">The part that a tensor belongs to.</param>
    /// <param name="window">The longest prompt in tokens.</param>
    /// <param name="compute">The types that weights are loaded in.</param>
    public static PartSizes Of(Qwen2Config text, CheckpointFolder files, Func<string, ModelPart> partOf, int window, Compute compute)
    {
        var layers = new long[text.LayerCount];
        long vision = 0, embedding = 0, head = 0;
        foreach (var tensor in files.Tensors.Values.Select(tensor => tensor.Entry))
        {
            var part = partOf(tensor.Name);
            if (part is ModelPart.Tower or ModelPart.Projector)
                vision += tensor.ElementCount * compute.BytesPerValue;
            else if (part == ModelPart.Decoder && LayerNumber().Match(tensor.Name) is { Success: true } match
                && int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) is var layer && layer < layers.Length)
                layers[layer] += LoadedBytes(tensor, compute);
            else if (tensor.Name.EndsWith("embed_tokens.weight", StringComparison.Ordinal))
                embedding = tensor.ElementCount * compute.BytesPerValue;
            else if (tensor.Name.EndsWith("lm_head.weight", StringComparison.Ordinal) && !text.TieWordEmbeddings)
                head = tensor.ElementCount * compute.BytesPerValue;
        }
        var cache = 2L * text.KeyValueHeadCount * text.HeadSize * window * compute.BytesPerValue;
        return new PartSizes(vision, embedding, head, layers, cache);
    }

    // A matrix in fewer bits has a scale for up to 128 values; packed files hold such matrices as they will be.
    private static long LoadedBytes(TensorEntry tensor, Compute compute) =>
        tensor.DType is DType.I32 ? tensor.ByteCount
        : compute.WeightBits is { } bits && tensor.Shape.Length == 2
            ? tensor.ElementCount * bits / 8 + tensor.ElementCount / 128 * compute.BytesPerValue
            : tensor.ElementCount * compute.BytesPerValue;

    [GeneratedRegex(@"\blayers\.(\d+)\.")]
    private static partial Regex LayerNumber();
}
