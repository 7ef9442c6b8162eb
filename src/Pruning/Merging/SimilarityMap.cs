using System.Runtime.InteropServices;
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
        if (chunk.Tokens.device.type == TorchSharp.DeviceType.CPU)
            return OnCpu(chunk);
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

    // Frame by frame, so that each is widened, multiplied and summed while the caches hold it.
    private static (float[] Similarity, double[] FrameSums) OnCpu(TokenChunk chunk)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var (positions, width) = (chunk.Positions, chunk.Width);
        var (similarity, sums) = (new float[chunk.FrameCount * positions], new double[(long)chunk.FrameCount * width]);
        var (norms, before) = (new double[positions], new double[positions]);
        var previous = chunk.Previous is null ? null : Rows.Wide(chunk.Previous);
        if (previous is not null)
            ForEachRow(previous, width, (p, row) => before[p] = RowDots.Dot(row, row));
        for (var f = 0; f < chunk.FrameCount; f++)
        {
            var frame = f;
            var current = Rows.Wide(chunk.Tokens.select(0, f));
            ForEachRow(current, width, (p, row) =>
            {
                norms[p] = RowDots.Dot(row, row);
                RowDots.Add(row, sums.AsSpan(frame * width, width));
                similarity[frame * positions + p] = previous is null
                    ? NoPreviousFrame
                    : (float)(RowDots.Dot(row, Row(previous, width, p)) / Math.Sqrt(norms[p] * before[p]));
            });
            (norms, before) = (before, norms);
            previous = current;
        }
        return (similarity, sums);
    }

    private delegate void OnRow(int position, ReadOnlySpan<float> row);

    private static void ForEachRow(Tensor frame, int width, OnRow body)
    {
        for (var p = 0; p < frame.shape[0]; p++)
            body(p, Row(frame, width, p));
    }

    private static ReadOnlySpan<float> Row(Tensor frame, int width, int p) =>
        MemoryMarshal.Cast<byte, float>(frame.bytes).Slice(p * width, width);

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
