using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace HieraVid.Models;

/// <summary>Where and in which precision a model runs. Chosen once, when it is loaded.</summary>
/// <param name="Device">The device of weights and activations.</param>
/// <param name="DType">float32, bfloat16 or float16. Norms, rotary angles and softmax are computed in float32 in any case.</param>
public sealed record Compute(Device Device, ScalarType DType)
{
    /// <summary>Bits of the decoder's matrices, 8 or 4; null keeps them in <see cref="DType"/>.</summary>
    public int? WeightBits { get; init; }

    /// <summary>float32 on the CPU: what the golden numbers are stated for.</summary>
    public static Compute Reference { get; } = new(CPU, ScalarType.Float32);

    /// <summary>Reads <c>--device</c> and <c>--dtype</c> and checks that both can be had here.</summary>
    /// <param name="device"><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
    /// <param name="dtype"><c>bf16</c>, <c>f32</c> or <c>f16</c> (GPUs only).</param>
    /// <exception cref="ModelException">Unknown name, or a device that is not there.</exception>
    public static Compute Parse(string device, string dtype)
    {
        var type = dtype switch
        {
            "bf16" => ScalarType.BFloat16,
            "f32" => ScalarType.Float32,
            "f16" => ScalarType.Float16,
            _ => throw ModelException.Option("--dtype", dtype, "use bf16, f32 or, on a GPU, f16"),
        };
        if (device == "cpu")
        {
            return type != ScalarType.Float16
                ? new Compute(CPU, type)
                : throw ModelException.Option("--dtype", dtype, "libtorch has no float16 products on the CPU; use bf16 or f32");
        }
        var ordinal = 0;
        var known = device == "cuda" || (device.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(device.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out ordinal));
        if (!known)
            throw ModelException.Option("--device", device, "use cpu, cuda or cuda:N");
        var count = cuda.device_count();
        if (ordinal >= count)
            throw ModelException.Option("--device", device, count == 0
                ? "libtorch sees no CUDA device here; use cpu, or set LIBTORCH to a CUDA build and run ./hieravid again"
                : $"libtorch sees {count} CUDA device(s), numbered from 0");
        return new Compute(torch.device($"cuda:{ordinal}"), type);
    }

    /// <summary>The same with the decoder's matrices in fewer bits.</summary>
    /// <param name="weights"><c>int8</c>, <c>int4</c>, or <c>full</c> for the compute type.</param>
    /// <exception cref="ModelException">Unknown name.</exception>
    public Compute WithWeights(string weights) => weights switch
    {
        "full" => this,
        "int8" => this with { WeightBits = 8 },
        "int4" => this with { WeightBits = 4 },
        _ => throw ModelException.Option("--weights", weights, "use full, int8 or int4"),
    };

    /// <summary>The device as users write it.</summary>
    public string DeviceName => Device.type == DeviceType.CPU ? "cpu" : $"cuda:{Math.Max(0, Device.index)}";

    /// <summary>The precision as users write it: "bf16", or "bf16, int8 weights".</summary>
    public string DTypeName => (DType switch
    {
        ScalarType.BFloat16 => "bf16",
        ScalarType.Float16 => "f16",
        _ => "f32",
    }) + (WeightBits is { } bits ? $", int{bits} weights" : "");
}
