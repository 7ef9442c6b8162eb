using static TorchSharp.torch;

namespace HieraVid.Torch.Training;

/// <summary>
/// Attention with gradients over packed sequences: several questions behind one shared video. Token i of a sequence sees the
/// tokens below its prefix and those from its start to itself.
/// </summary>
public sealed class PackedAttention : IDisposable
{
    private readonly Tensor _mask;

    /// <summary>For a batch of sequences of one length.</summary>
    /// <param name="prefix">How many leading tokens each token sees, [batch · length], at most its own start.</param>
    /// <param name="start">The first token of each token's own part, [batch · length].</param>
    /// <param name="length">Tokens per sequence.</param>
    /// <param name="like">A tensor of the device and type in which attention will run.</param>
    public PackedAttention(ReadOnlySpan<int> prefix, ReadOnlySpan<int> start, int length, Tensor like)
    {
        using var scope = NewDisposeScope();
        var mask = new float[prefix.Length * length];
        for (var i = 0; i < prefix.Length; i++)
            for (var j = 0; j < length; j++)
                mask[i * length + j] = j < prefix[i] || (j >= start[i] && j <= i % length) ? 0 : float.NegativeInfinity;
        _mask = TensorData.From<float>(mask, prefix.Length / length, 1, length, length)
            .to(like.dtype).to(like.device).DetachFromDisposeScope();
    }

    /// <summary>softmax(q·kᵀ·scale)·v within what each token sees.</summary>
    /// <param name="q">[B, T, heads, d].</param>
    /// <param name="k">[B, T, heads, d].</param>
    /// <param name="v">[B, T, heads, d].</param>
    /// <param name="scale">Usually d^−0.5.</param>
    /// <returns>[B, T, heads, d].</returns>
    public Tensor Forward(Tensor q, Tensor k, Tensor v, double scale) => Mixed(q, k, v, _mask, scale);

    /// <summary>softmax(q·kᵀ·scale)·v over all tokens; the arguments are those of <see cref="Forward"/>.</summary>
    public static Tensor OverAll(Tensor q, Tensor k, Tensor v, double scale) => Mixed(q, k, v, null, scale);

    /// <summary>Frees the mask.</summary>
    public void Dispose() => _mask.Dispose();

    private static Tensor Mixed(Tensor q, Tensor k, Tensor v, Tensor? mask, double scale)
    {
        using var scope = NewDisposeScope();
        return Attention.Scaled(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), mask, causal: false, scale)
            .transpose(1, 2).contiguous().MoveToOuterDisposeScope();
    }
}
