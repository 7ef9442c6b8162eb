using HieraVid.Train.Network;
using static TorchSharp.torch;

namespace HieraVid.Train.Optimization;

/// <summary>Adam with decoupled weight decay (Loshchilov and Hutter, 2019), on the vector of all weights.</summary>
internal sealed class AdamW : IDisposable
{
    private const double Beta1 = 0.9, Beta2 = 0.98, Epsilon = 1e-8, Decay = 0.05, MaxNorm = 1;

    private readonly ParameterSet _parameters;
    private readonly Tensor _decays;

    internal AdamW(ParameterSet parameters)
    {
        _parameters = parameters;
        Mean = zeros(parameters.Master.shape, ScalarType.Float32, parameters.Master.device).DetachFromDisposeScope();
        Square = zeros(parameters.Master.shape, ScalarType.Float32, parameters.Master.device).DetachFromDisposeScope();
        // Biases, norms and embeddings are not pulled to zero.
        _decays = parameters.Constant(spec =>
            spec.Shape.Length > 1 && !spec.Name.Contains("embed", StringComparison.Ordinal) ? Decay : 0).DetachFromDisposeScope();
    }

    /// <summary>The running mean of gradients.</summary>
    internal Tensor Mean { get; }

    /// <summary>The running mean of their squares.</summary>
    internal Tensor Square { get; }

    /// <summary>One step.</summary>
    /// <param name="gradient">Like the master copy; clipped to norm 1 first.</param>
    /// <param name="step">Counted from 1.</param>
    /// <param name="rate">The learning rate.</param>
    /// <returns>The gradient's norm before it was clipped.</returns>
    internal double Step(Tensor gradient, long step, double rate)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var norm = Math.Sqrt(gradient.pow(2).sum().item<float>());
        // A gradient that overflowed teaches nothing.
        if (!double.IsFinite(norm))
            return norm;
        gradient = gradient * Math.Min(1, MaxNorm / (norm + 1e-9));
        Mean.mul_(Beta1).add_(gradient * (1 - Beta1));
        Square.mul_(Beta2).add_(gradient.pow(2) * (1 - Beta2));
        var root = (Square / (1 - Math.Pow(Beta2, step))).sqrt() + Epsilon;
        var change = Mean / root * (rate / (1 - Math.Pow(Beta1, step))) + _parameters.Master * _decays * rate;
        _parameters.Master.add_(-change);
        _parameters.Refresh();
        return norm;
    }

    public void Dispose()
    {
        Mean.Dispose();
        Square.Dispose();
        _decays.Dispose();
    }
}
