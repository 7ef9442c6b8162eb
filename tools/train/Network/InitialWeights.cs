using System.Globalization;
using HieraVid.Models.Configuration;
using HieraVid.Models.Llava;
using HieraVid.Models.Safetensors;
using HieraVid.Torch;
using HieraVid.World;
using static TorchSharp.torch;

namespace HieraVid.Train.Network;

/// <summary>Weights to begin with.</summary>
internal static class InitialWeights
{
    private static readonly string[] ResidualLayers = [".o_proj.", ".out_proj.", ".down_proj.", ".fc2."];

    /// <summary>
    /// Biases 0, norms 1, everything else random with deviation 1/√inputs; layers that add to the residual stream 1/√(2·depth)
    /// of that, or 0 in decoder layers that take no part yet.
    /// </summary>
    internal static void Fill(ParameterSet parameters, LlavaConfig config, long seed, IReadOnlyList<int>? layers = null)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        foreach (var spec in parameters.Tensors)
        {
            var part = parameters.Part(parameters.Master, spec.Name);
            if (spec.Name.EndsWith("bias", StringComparison.Ordinal))
                continue;
            part.copy_(IsNorm(spec) ? ones(spec.Shape)
                : spec.Name.EndsWith("position_embedding.weight", StringComparison.Ordinal) ? Positions(spec.Shape)
                : Noise(spec, seed, Deviation(spec, config)));
            if (layers is not null && AddsToStream(spec) && DecoderLayer(spec) is { } layer && !layers.Contains(layer))
                part.mul_(0);
        }
        for (var layer = 0; layer < config.Text.LayerCount; layer++)
            if (layers is null || layers.Contains(layer))
                LookForLikes(parameters, config.Text, $"{LlavaNames.HuggingFace.Decoder}layers.{layer}.self_attn.");
        parameters.Refresh();
    }

    // Attention begins by looking for what is like the token that looks, and by handing on what it finds; close to what training
    // ends with, so that it arrives there sooner (Trockman and Kolter, 2023).
    private static void LookForLikes(ParameterSet parameters, Qwen2Config config, string attention)
    {
        if (config.HeadCount != config.KeyValueHeadCount)
            return;
        Tensor Weight(string part) => parameters.Part(parameters.Master, $"{attention}{part}_proj.weight");
        Weight("k").add_(Weight("q")).mul_(Math.Sqrt(0.5));
        Weight("o").copy_(Weight("v").transpose(0, 1) * Math.Sqrt(0.5 / config.LayerCount));
    }

    // A generator of our own for each tensor: libtorch's is one for the whole process and another on each device.
    private static Tensor Noise(TensorSpec spec, long seed, double deviation)
    {
        var random = SeededRandom.For(seed, spec.Name);
        var values = new float[ParameterSet.Elements(spec)];
        for (var i = 0; i < values.Length; i++)
        {
            // Box and Muller (1958).
            var (radius, angle) = (Math.Sqrt(-2 * Math.Log(1 - random.Between(0, 1))), random.Between(0, 2 * Math.PI));
            values[i] = (float)(radius * Math.Cos(angle) * deviation);
        }
        return TensorData.From<float>(values, spec.Shape);
    }

    // Waves of row and column in place of noise: where a neighbour is can then be read off by a linear map. From noise, a tower
    // of this size had not found out how patches lie together after 20,000 frames.
    private static Tensor Positions(long[] shape)
    {
        var (patches, width) = ((int)shape[0], (int)shape[1]);
        var (side, quarter) = ((int)Math.Sqrt(patches), width / 4);
        var values = new float[patches * width];
        for (var p = 0; p < patches; p++)
            for (var j = 0; j < quarter; j++)
            {
                var frequency = Math.Pow(side, -(double)j / quarter) * Math.PI / 2;
                var ((sinY, cosY), (sinX, cosX)) = (Math.SinCos(p / side * frequency), Math.SinCos(p % side * frequency));
                var row = values.AsSpan(p * width + 4 * j, 4);
                (row[0], row[1], row[2], row[3]) = ((float)sinY / 2, (float)cosY / 2, (float)sinX / 2, (float)cosX / 2);
            }
        return TensorData.From<float>(values, shape);
    }

    /// <summary>Whether a tensor is the weight of a norm.</summary>
    internal static bool IsNorm(TensorSpec spec) =>
        spec.Shape.Length == 1 && spec.Name.Contains("norm", StringComparison.Ordinal);

    private static double Deviation(TensorSpec spec, LlavaConfig config)
    {
        var inputs = spec.Shape.Length == 1 ? spec.Shape[0] : spec.Shape[1..].Aggregate(1L, (product, size) => product * size);
        var depth = spec.Name.Contains("vision_tower", StringComparison.Ordinal)
            ? config.ResolveVision().LayerCount : config.Text.LayerCount;
        return Math.Sqrt(1.0 / inputs) * (AddsToStream(spec) ? Math.Sqrt(0.5 / depth) : 1);
    }

    private static bool AddsToStream(TensorSpec spec) =>
        ResidualLayers.Any(layer => spec.Name.Contains(layer, StringComparison.Ordinal));

    private static int? DecoderLayer(TensorSpec spec)
    {
        var prefix = $"{LlavaNames.HuggingFace.Decoder}layers.";
        return spec.Name.StartsWith(prefix, StringComparison.Ordinal)
            ? int.Parse(spec.Name[prefix.Length..spec.Name.IndexOf('.', prefix.Length)], CultureInfo.InvariantCulture)
            : null;
    }
}
