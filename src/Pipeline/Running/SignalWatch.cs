using HieraVid.Models.Llava;
using HieraVid.Pruning;
using static TorchSharp.torch;

namespace HieraVid.Pipeline.Running;

/// <summary>Takes from one pass through the vision tower what a pruning method asks for beside the tokens.</summary>
/// <param name="network">The model.</param>
/// <param name="wanted">The signals.</param>
internal sealed class SignalWatch(LlavaModel network, IReadOnlyCollection<VisionSignal> wanted) : IDisposable
{
    private static readonly VisionSignal[] s_ofHead = [VisionSignal.FrameFeature, VisionSignal.HeadAttention];

    private Tensor? _received, _keys;

    /// <summary>What stands in for signals that the checkpoint cannot give, as a sentence; null where nothing has to.</summary>
    internal static string? Substitutes(LlavaModel network, PruningMethod method) =>
        network.VisionHead is not null || !method.Signals.Intersect(s_ofHead).Any() ? null
            : $"Method {method.Name} needs the vision tower's pooling head, and the checkpoint has none: the attention that patches "
                + "receive in the tower's last layer and the patches' mean stand in for it. Give the folder of the original SigLIP "
                + "with --vision-tower for the real one.";

    /// <summary>Sees the tower's states as they go by.</summary>
    /// <param name="state">The number of the state.</param>
    /// <param name="x">[F, patches, width].</param>
    internal void See(int state, Tensor x)
    {
        if (state != network.Tower.WatchedState || !NeedsLastLayer())
            return;
        (_received, _keys) = network.Tower.Watch(x);
        _received.DetachFromDisposeScope();
        _keys.DetachFromDisposeScope();
    }

    /// <summary>The signals of the frames that went by.</summary>
    /// <param name="features">The tower's output, [F, patches, width].</param>
    /// <param name="projected">The projector's output, [F, patches, hidden].</param>
    /// <returns>In no dispose scope.</returns>
    internal Dictionary<VisionSignal, Tensor> Take(Tensor features, Tensor projected)
    {
        using var scope = NewDisposeScope();
        var head = wanted.Intersect(s_ofHead).Any() ? network.VisionHead : null;
        var (pooled, attention) = head is null ? (null, null) : head.Forward(head.PostNorm(features));
        var signals = wanted.ToDictionary(signal => signal, signal => signal switch
        {
            VisionSignal.FrameFeature => pooled ?? features.mean([1]),
            VisionSignal.HeadAttention => Pooled(attention?.mean([1]) ?? _received!),
            VisionSignal.ReceivedAttention => Pooled(_received!),
            VisionSignal.Keys => network.Pool(HeadMean(_keys!)),
            VisionSignal.WideKeys => network.Pool(_keys!),
            VisionSignal.UnpooledTokens => projected,
            VisionSignal.UnpooledReceivedAttention => _received!,
            VisionSignal.UnpooledKeys => HeadMean(_keys!),
            _ => throw new InvalidOperationException($"No way to give {signal}."),
        });
        // Copies: two signals may be one tensor, and the caller owns and frees each.
        return signals.ToDictionary(signal => signal.Key, signal => signal.Value.clone().DetachFromDisposeScope());
    }

    public void Dispose()
    {
        _received?.Dispose();
        _keys?.Dispose();
    }

    private bool NeedsLastLayer() => wanted.Any(signal => signal is not (VisionSignal.FrameFeature or VisionSignal.UnpooledTokens)
        && (signal != VisionSignal.HeadAttention || network.VisionHead is null));

    // A score per patch, pooled like the tokens.
    private Tensor Pooled(Tensor score) => network.Pool(score.unsqueeze(-1)).squeeze(-1);

    private Tensor HeadMean(Tensor keys)
    {
        var (heads, shape) = (network.Tower.Config.HeadCount, keys.shape);
        return keys.view(shape[0], shape[1], heads, shape[2] / heads).mean([2]);
    }
}
