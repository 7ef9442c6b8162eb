using HieraVid.Models;
using HieraVid.Pruning;
using static TorchSharp.torch;

namespace HieraVid.Pipeline.Running;

/// <summary>Takes from one pass through the vision tower what a pruning method asks for beside the tokens.</summary>
/// <param name="network">The model.</param>
/// <param name="wanted">The signals.</param>
internal sealed class SignalWatch(VideoModel network, IReadOnlyCollection<VisionSignal> wanted)
{
    private static readonly VisionSignal[] s_ofHead = [VisionSignal.FrameFeature, VisionSignal.HeadAttention];

    /// <summary>What stands in for signals that the checkpoint cannot give, as a sentence; null where nothing has to.</summary>
    internal static string? Substitutes(VideoModel network, PruningMethod method) =>
        network.VisionHead is not null || !method.Signals.Intersect(s_ofHead).Any() ? null
            : $"Method {method.Name} needs the vision tower's pooling head, and the checkpoint has none: the attention that patches "
                + "receive in the tower's last layer and the patches' mean stand in for it."
                + (network.Config.TakesVisionTower ? " Give the folder of the original SigLIP with --vision-tower for the real one." : "");

    /// <summary>Whether the tower's last layer has to be looked into.</summary>
    internal bool NeedsLastLayer => wanted.Any(signal => signal is not (VisionSignal.FrameFeature or VisionSignal.UnpooledTokens)
        && (signal != VisionSignal.HeadAttention || network.VisionHead is null));

    /// <summary>The signals of the frames that went by.</summary>
    /// <param name="seen">What came out of the tower.</param>
    /// <param name="grid">The video's grid.</param>
    /// <returns>In no dispose scope.</returns>
    internal Dictionary<VisionSignal, Tensor> Take(VisionOutput seen, FrameGrid grid)
    {
        using var scope = NewDisposeScope();
        var head = wanted.Intersect(s_ofHead).Any() ? network.VisionHead : null;
        var (pooled, attention) = head is null ? (null, null) : head.Forward(head.PostNorm(seen.Features));
        // Where the tower pools before it projects there are no tokens of single patches; the pooled ones are the finest.
        var finest = seen.Unpooled.shape[1] == seen.Features.shape[1];
        var signals = wanted.ToDictionary(signal => signal, signal => signal switch
        {
            VisionSignal.FrameFeature => pooled ?? seen.Features.mean([1]),
            VisionSignal.HeadAttention => Pooled(attention?.mean([1]) ?? seen.Received!),
            VisionSignal.ReceivedAttention => Pooled(seen.Received!),
            VisionSignal.Keys => network.Pool(HeadMean(seen.Keys!), grid),
            VisionSignal.WideKeys => network.Pool(seen.Keys!, grid),
            VisionSignal.UnpooledTokens => seen.Unpooled,
            VisionSignal.UnpooledReceivedAttention => finest ? seen.Received! : Pooled(seen.Received!),
            VisionSignal.UnpooledKeys => finest ? HeadMean(seen.Keys!) : network.Pool(HeadMean(seen.Keys!), grid),
            _ => throw new InvalidOperationException($"No way to give {signal}."),
        });
        // Copies: two signals may be one tensor, and the caller owns and frees each.
        return signals.ToDictionary(signal => signal.Key, signal => signal.Value.clone().DetachFromDisposeScope());

        // A score per patch, pooled like the tokens.
        Tensor Pooled(Tensor score) => network.Pool(score.unsqueeze(-1), grid).squeeze(-1);
    }

    private Tensor HeadMean(Tensor keys)
    {
        var (heads, shape) = (network.VisionHeadCount, keys.shape);
        return keys.view(shape[0], shape[1], heads, shape[2] / heads).mean([2]);
    }
}
