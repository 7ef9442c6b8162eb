using static TorchSharp.torch;

namespace HieraVid.Torch.Training;

/// <summary>
/// Who sees whom in packed sequences: several questions behind one shared video. Token i of a sequence sees the tokens below
/// its prefix and those from its start to itself.
/// </summary>
public sealed class PackedSpans : IDisposable
{
    /// <summary>Spans for a batch of sequences of one length.</summary>
    /// <param name="prefix">How many leading tokens each token sees, [batch · length], at most its own start.</param>
    /// <param name="start">The first token of each token's own part, [batch · length].</param>
    /// <param name="length">Tokens per sequence.</param>
    /// <param name="like">A tensor of the device and type in which attention will run.</param>
    public PackedSpans(ReadOnlySpan<int> prefix, ReadOnlySpan<int> start, int length, Tensor like)
    {
        using var scope = NewDisposeScope();
        var batch = prefix.Length / length;
#if !TORCHSHARP
        if (Kernels.Trains(like))
        {
            var pairs = new int[2 * prefix.Length];
            for (var i = 0; i < prefix.Length; i++)
                (pairs[2 * i], pairs[2 * i + 1]) = (prefix[i], start[i]);
            Spans = TensorData.From<int>(pairs, batch, length, 2).DetachFromDisposeScope();
            return;
        }
#endif
        var mask = new float[prefix.Length * length];
        for (var i = 0; i < prefix.Length; i++)
            for (var j = 0; j < length; j++)
                mask[i * length + j] = j < prefix[i] || (j >= start[i] && j <= i % length) ? 0 : float.NegativeInfinity;
        Mask = TensorData.From<float>(mask, batch, 1, length, length).to(like.dtype).to(like.device).DetachFromDisposeScope();
    }

    /// <summary>[batch, length, 2] int32, prefix and start, for the fused kernel.</summary>
    internal Tensor? Spans { get; }

    /// <summary>[batch, 1, length, length], 0 or −∞, where there is no such kernel.</summary>
    internal Tensor? Mask { get; }

    /// <summary>Frees the tables.</summary>
    public void Dispose()
    {
        Spans?.Dispose();
        Mask?.Dispose();
    }
}
