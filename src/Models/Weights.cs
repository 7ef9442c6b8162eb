using HieraVid.Models.Devices;
using HieraVid.Models.Packed;
using HieraVid.Models.Safetensors;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models;

/// <summary>
/// Loads tensors of a checkpoint onto a device, one at a time, and owns them. Names are looked up under a prefix, so that the
/// same network reads both naming schemes.
/// </summary>
public sealed class Weights : IDisposable
{
    private const string WeightSuffix = ".weight";

    private readonly CheckpointFolder _checkpoint;
    private readonly List<Tensor> _owned;
    private readonly string _prefix;

    /// <summary>Weights of an open checkpoint, which must stay open while loading.</summary>
    public Weights(CheckpointFolder checkpoint, Compute compute) : this(checkpoint, compute, "", []) { }

    private Weights(CheckpointFolder checkpoint, Compute compute, string prefix, List<Tensor> owned)
    {
        (_checkpoint, Compute, _prefix, _owned) = (checkpoint, compute, prefix, owned);
    }

    /// <summary>Where the tensors go and in which type.</summary>
    public Compute Compute { get; }

    /// <summary>The bytes of all tensors loaded so far.</summary>
    public long LoadedBytes => _owned.Sum(tensor => tensor.NumberOfElements * tensor.ElementSize);

    /// <summary>The same, by kind of device.</summary>
    public IReadOnlyDictionary<TorchSharp.DeviceType, long> LoadedBytesByDevice => _owned.GroupBy(tensor => tensor.device.type)
        .ToDictionary(group => group.Key, group => group.Sum(tensor => tensor.NumberOfElements * tensor.ElementSize));

    /// <summary>The same weights, names looked up under a further prefix. The parent owns the tensors.</summary>
    public Weights Under(string prefix) => new(_checkpoint, Compute, _prefix + prefix, _owned);

    /// <summary>The same weights, loaded onto another device.</summary>
    public Weights On(NamedDevice device) => new(_checkpoint, Compute with { Device = device.Device }, _prefix, _owned);

    /// <summary>Weights of another checkpoint, owned by this object too.</summary>
    public Weights In(CheckpointFolder checkpoint) => new(checkpoint, Compute, "", _owned);

    /// <summary>Whether the checkpoint has the tensor, packed or not.</summary>
    public bool Has(string name) => _checkpoint.Contains(_prefix + name) || PackedLayer(name) is not null;

    /// <summary>Loads a tensor, checks its shape, converts it to the compute type.</summary>
    /// <exception cref="ModelException">It is missing, has another shape or is not of a floating type.</exception>
    public Tensor Load(string name, params long[] shape)
    {
        using var scope = NewDisposeScope();
        var loaded = Read(name, shape).to(Compute.DType).to(Compute.Device).DetachFromDisposeScope();
        _owned.Add(loaded);
        return loaded;
    }

    // The full name of a layer whose weight is packed; null for any other tensor.
    private string? PackedLayer(string name) =>
        name.EndsWith(WeightSuffix, StringComparison.Ordinal) && _prefix + name[..^WeightSuffix.Length] is var layer
            && !_checkpoint.Contains(_prefix + name) && PackedMatrix.Has(_checkpoint, layer)
            ? layer
            : null;

    // As it is in the file, on the CPU; unpacked in float32.
    private Tensor Read(string name, long[] shape)
    {
        if (PackedLayer(name) is { } layer && shape.Length == 2)
            return TensorData.From<float>(PackedMatrix.Read(_checkpoint, layer, (int)shape[0], (int)shape[1]).Values(), shape);
        var source = _checkpoint.Find(_prefix + name, shape);
        var stored = source.Entry.DType switch
        {
            DType.BF16 => ScalarType.BFloat16,
            DType.F16 => ScalarType.Float16,
            DType.F32 => ScalarType.Float32,
            DType.F64 => ScalarType.Float64,
            var other => throw ModelException.Damaged(source.File.Path, $"tensor {_prefix + name} has type {other}, not a float"),
        };
        var tensor = empty(shape, stored);
        long offset = 0;
        foreach (var piece in TensorData.Pieces(tensor))
        {
            var bytes = piece.bytes;
            source.CopyTo(offset, bytes);
            offset += bytes.Length;
        }
        return tensor;
    }

    /// <summary>A linear layer: <c>name.weight</c> [outputs, inputs] and, if asked for, <c>name.bias</c> [outputs].</summary>
    public Linear Linear(string name, long inputs, long outputs, bool bias = true) =>
        new(Load($"{name}.weight", outputs, inputs), bias ? Load($"{name}.bias", outputs) : null);

    /// <summary>
    /// A linear layer of the decoder: in fewer bits where the checkpoint has it packed, or where <see cref="Compute.WeightBits"/>
    /// asks for it.
    /// </summary>
    public Linear DecoderLinear(string name, long inputs, long outputs, bool bias = true)
    {
        using var scope = NewDisposeScope();
        var packed = PackedLayer($"{name}.weight") is { } layer
            ? QuantizedWeight.Of(PackedMatrix.Read(_checkpoint, layer, (int)outputs, (int)inputs), _checkpoint.Packing!.Bits, Compute)
            : null;
        if (packed is null && Compute.WeightBits is { } bits)
            packed = QuantizedWeight.Of(Read($"{name}.weight", [outputs, inputs]), bits, Compute);
        if (packed is null)
            return Linear(name, inputs, outputs, bias);
        _owned.AddRange(packed.Tensors);
        return new Linear(null, bias ? Load($"{name}.bias", outputs) : null) { Quantized = packed };
    }

    /// <summary>A layer norm: <c>name.weight</c> and <c>name.bias</c>, both [width].</summary>
    public LayerNorm LayerNorm(string name, long width, double epsilon) =>
        new(Load($"{name}.weight", width), Load($"{name}.bias", width), epsilon);

    /// <summary>Frees every tensor loaded through this object or one made by <see cref="Under"/>.</summary>
    public void Dispose()
    {
        foreach (var tensor in _owned)
            tensor.Dispose();
        _owned.Clear();
    }
}
