using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>
/// Cosine of every token with the token at its position one frame earlier (HieraVid, Eq. 1; specification, A2).
/// </summary>
/// <remarks>
/// The cosine is taken in float64, one frame pair [P, D] at a time, and rounded to float32 once. The fixed shape makes
/// it independent of how the video was cut; the wide sums make it independent, in practice, of the device and its
/// reduction order too, and give exactly 1 for equal tokens.
/// </remarks>
public static class SimilarityMap
{
    /// <summary>What the first frame of a video holds in place of a similarity.</summary>
    public const float NoPreviousFrame = -2;

    /// <summary>Similarities and sums of one chunk.</summary>
    /// <param name="chunk">The tokens and the frame before them.</param>
    /// <returns>
    /// Similarity [f·P] (NaN where a norm is zero or a token is not finite) and Σx per frame [f·D], summed in float64
    /// over one frame at a time.
    /// </returns>
    public static (float[] Similarity, double[] FrameSums) Of(TokenChunk chunk)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var (rows, sums) = (new List<Tensor>(chunk.FrameCount), new List<Tensor>(chunk.FrameCount));
        var previous = chunk.Previous is null ? null : Widen(chunk.Previous);
        for (var f = 0; f < chunk.FrameCount; f++)
        {
            var current = Widen(chunk.Tokens.select(0, f));
            rows.Add(previous is null
                ? full([chunk.Positions], NoPreviousFrame, float32, chunk.Tokens.device)
                : Cosine(current, previous).to(float32));
            sums.Add(current.Tokens.sum([0]));
            previous?.Dispose();
            previous = current;
        }
        return (stack(rows, 0).ToArray<float>(), stack(sums, 0).ToArray<double>());
    }

    /// <summary>Cosines of the rows of two frames, position by position.</summary>
    /// <param name="frame">[P, D].</param>
    /// <param name="other">[P, D].</param>
    /// <returns>[P]; NaN where a norm is zero or a token is not finite.</returns>
    public static float[] Between(Tensor frame, Tensor other)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        return Cosine(Widen(frame), Widen(other)).ToArray<float>();
    }

    private static Tensor Cosine(Frame x, Frame y)
    {
        using var scope = NewDisposeScope();
        var dot = (x.Tokens * y.Tokens).sum([-1]);
        return (dot / (x.SquaredNorms * y.SquaredNorms).sqrt()).MoveToOuterDisposeScope();
    }

    private static Frame Widen(Tensor frame)
    {
        using var scope = NewDisposeScope();
        // Contiguous, so that a slice of a larger tensor reduces exactly like a tensor of its own.
        var tokens = frame.contiguous().to(float64);
        var squaredNorms = (tokens * tokens).sum([-1]);
        return new Frame(tokens.MoveToOuterDisposeScope(), squaredNorms.MoveToOuterDisposeScope());
    }

    // Tokens [P, D] and ‖x‖² [P], both float64.
    private sealed record Frame(Tensor Tokens, Tensor SquaredNorms) : IDisposable
    {
        public void Dispose()
        {
            Tokens.Dispose();
            SquaredNorms.Dispose();
        }
    }
}
