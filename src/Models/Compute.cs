using HieraVid.Models.Configuration;
using HieraVid.Models.Devices;
using HieraVid.Models.Packed;
using HieraVid.Models.Safetensors;
using HieraVid.Torch;
using TorchSharp;
using static TorchSharp.torch;

namespace HieraVid.Models;

/// <summary>Where and in which precision a model runs. Chosen once, when it is loaded.</summary>
/// <param name="Device">The device of weights and activations; the vision tower's where a model is spread over several.</param>
/// <param name="DType">float32, bfloat16 or float16. Norms, rotary angles and softmax are computed in float32 in any case.</param>
public sealed record Compute(Device Device, ScalarType DType)
{
    /// <summary>Bits of the decoder's matrices, 8 or 4; null keeps them in <see cref="DType"/>.</summary>
    public int? WeightBits { get; init; }

    /// <summary>Whether <see cref="DType"/> is to be chosen by processor and memory once the model is known.</summary>
    public bool IsAutomatic { get; private init; }

    /// <summary>Why <see cref="DType"/> was chosen, where nobody said which.</summary>
    public string? TypeReason { get; private init; }

    /// <summary>The devices that a model is to be spread over; null puts all of it on <see cref="Device"/>.</summary>
    public DeviceMap? Map { get; init; }

    /// <summary>Where a model's parts are, once <see cref="Map"/> is settled for it.</summary>
    public Placement? Placement { get; private init; }

    /// <summary>How the model's checkpoint is packed, once it is known.</summary>
    public PackedFormat? Packing { get; private init; }

    /// <summary>float32 on the CPU: what the golden numbers are stated for.</summary>
    public static Compute Reference { get; } = new(CPU, ScalarType.Float32);

    /// <summary>Reads <c>--device</c> and <c>--dtype</c> and checks that both can be had here.</summary>
    /// <param name="device"><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
    /// <param name="dtype"><c>bf16</c>, <c>f32</c>, <c>f16</c> (GPUs only) or <c>auto</c>: bf16 on a GPU, <see cref="AutomaticType"/> on the CPU.</param>
    /// <exception cref="ModelException">Unknown name, or a device that is not there.</exception>
    public static Compute Parse(string device, string dtype)
    {
        var type = dtype switch
        {
            "bf16" or AutomaticType.Name => ScalarType.BFloat16,
            "f32" => ScalarType.Float32,
            "f16" => ScalarType.Float16,
            _ => throw ModelException.Option("--dtype", dtype, "use auto, bf16, f32 or, on a GPU, f16"),
        };
        if (device == "cpu")
        {
            return type != ScalarType.Float16
                ? new Compute(CPU, type) { IsAutomatic = dtype == AutomaticType.Name }
                : throw ModelException.Option("--dtype", dtype, "libtorch has no float16 products on the CPU; use bf16 or f32");
        }
        var named = NamedDevice.Parse(device, "--device");
        return !named.IsCpu ? new Compute(named.Device, type)
            : throw ModelException.Option("--device", device, $"use cpu, cuda or cuda:N, or {DeviceMap.Option} for several devices");
    }

    /// <summary>As <see cref="Parse"/>, for a model that is spread over the devices of a map.</summary>
    /// <exception cref="ModelException">Unknown type, or one that a device of the map does not have.</exception>
    public static Compute Over(DeviceMap map, string dtype)
    {
        var computes = map.Devices.Select(device => Parse(device.IsCpu ? "cpu" : device.Name, dtype)).ToList();
        // A GPU of the map has no float32 to gain from.
        return computes[0] with { Map = map, IsAutomatic = computes.All(compute => compute.IsAutomatic) };
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

    /// <summary>The device as users write it, or the placement on several, or the map that is yet to be settled.</summary>
    public string DeviceName => Placement is { Devices.Count: > 1 } spread ? $"{spread}"
        : Placement is null && Map is not null ? $"{Map}"
        : Single.Name;

    /// <summary>Bytes of a number in <see cref="DType"/>.</summary>
    public int BytesPerValue => DType == ScalarType.Float32 ? 4 : 2;

    /// <summary>Waits until the device is through with what it was given, so that a time taken now is that of the work.</summary>
    public void Synchronize()
    {
        if (Device.type == DeviceType.CUDA)
            cuda.synchronize(Device);
    }

    private NamedDevice Single => new(Device.type == DeviceType.CPU ? "cpu" : $"cuda:{Math.Max(0, Device.index)}");

    /// <summary>Where the parts of a decoder of so many layers are.</summary>
    internal Placement PlacementOf(int layers) => Placement ?? Placement.On(Single, layers);

    /// <summary>The same with a model's parts on these devices.</summary>
    public Compute Spread(Placement placement) => this with { Placement = placement, Device = placement.Vision.Device };

    /// <summary>The same for the model of an open checkpoint: the map is settled for it, and how it is packed is known.</summary>
    /// <exception cref="ModelException">The map does not fit the model.</exception>
    public Compute Placed(Qwen2Config text, CheckpointFolder files, Func<string, ModelPart> partOf, int window)
    {
        var known = Settled(files) with { Packing = files.Packing };
        return Map is null ? known : known.Spread(Map.Place(PartSizes.Of(text, files, partOf, window, known)));
    }

    private Compute Settled(CheckpointFolder files)
    {
        if (!IsAutomatic)
            return this;
        var values = files.Tensors.Values.Sum(tensor => tensor.Entry.ElementCount);
        var chosen = AutomaticType.For(CpuFeatures.Here, values, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        return this with { DType = chosen.Type, TypeReason = chosen.Reason, IsAutomatic = false };
    }

    /// <summary>As above, for a network that answers questions about video.</summary>
    internal Compute Placed(VideoModelConfig config, CheckpointFolder files) =>
        Placed(config.Text, files, name => config.PartOf(name, files), config.MaxTokens);

    /// <summary>The precision and, where nobody asked for it, why.</summary>
    public string DTypeWithReason => TypeReason is { } reason ? $"{DTypeName} ({reason})" : DTypeName;

    /// <summary>The precision as users write it: "bf16", or "bf16, int8 weights".</summary>
    public string DTypeName => (DType switch
    {
        ScalarType.BFloat16 => "bf16",
        ScalarType.Float16 => "f16",
        _ => "f32",
    }) + (Packing is { } packing ? $", {packing} weights" : WeightBits is { } bits ? $", int{bits} weights" : "");
}
