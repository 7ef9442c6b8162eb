using HieraVid.Models.Safetensors;
using static TorchSharp.torch;

namespace HieraVid.Train.Network;

/// <summary>
/// All weights as one vector: a master copy in float32, which the optimizer changes, and a working copy in the compute type,
/// whose parts are the leaves that gradients flow to.
/// </summary>
internal sealed class ParameterSet : IDisposable
{
    private readonly Tensor _working;
    private readonly Dictionary<string, (TensorSpec Spec, long Offset)> _places = [];

    internal ParameterSet(IReadOnlyList<TensorSpec> tensors, ScalarType type, Device device)
    {
        Tensors = tensors;
        long count = 0;
        foreach (var spec in tensors)
        {
            _places.Add(spec.Name, (spec, count));
            count += Elements(spec);
        }
        Master = zeros([count], ScalarType.Float32, device).DetachFromDisposeScope();
        _working = zeros([count], type, device).DetachFromDisposeScope();
    }

    /// <summary>The tensors in the order of their places in the vector.</summary>
    internal IReadOnlyList<TensorSpec> Tensors { get; }

    /// <summary>[all weights] in float32.</summary>
    internal Tensor Master { get; }

    /// <summary>The part of a vector like <see cref="Master"/> that belongs to a tensor, in its shape.</summary>
    internal Tensor Part(Tensor vector, string name)
    {
        var (spec, offset) = _places[name];
        return vector.narrow(0, offset, Elements(spec)).view(spec.Shape);
    }

    /// <summary>Makes the working copy equal to the master.</summary>
    internal void Refresh() => _working.copy_(Master);

    /// <summary>Fresh leaves without gradients, by name. They belong to the caller's scope.</summary>
    internal Dictionary<string, Tensor> Leaves() =>
        Tensors.ToDictionary(spec => spec.Name, spec => Part(_working, spec.Name).detach().requires_grad_());

    /// <summary>The gradients of leaves as one vector in float32; 0 where none arrived.</summary>
    internal Tensor Gradient(IReadOnlyDictionary<string, Tensor> leaves)
    {
        using var scope = NewDisposeScope();
        var parts = Tensors
            .Select(spec => leaves[spec.Name].grad?.reshape(-1) ?? zeros([Elements(spec)], _working.dtype, _working.device))
            .ToList();
        return cat(parts, 0).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>A vector with the same value for all elements of a tensor.</summary>
    internal Tensor Constant(Func<TensorSpec, double> value)
    {
        using var scope = NewDisposeScope();
        var parts = Tensors.Select(spec => full([Elements(spec)], value(spec), ScalarType.Float32, Master.device)).ToList();
        return cat(parts, 0).MoveToOuterDisposeScope();
    }

    internal static long Elements(TensorSpec spec) => spec.Shape.Aggregate(1L, (product, size) => product * size);

    public void Dispose()
    {
        Master.Dispose();
        _working.Dispose();
    }
}
