using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>What PruMerge needs to know of one chunk.</summary>
/// <param name="FirstFrame">The chunk's first frame in the video.</param>
/// <param name="FrameCount">f.</param>
/// <param name="Positions">N.</param>
/// <param name="Width">D.</param>
/// <param name="Attention">[f·N]; empty where the ratio is fixed.</param>
public sealed record AttentionSummary(int FirstFrame, int FrameCount, int Positions, int Width, float[] Attention)
    : ChunkSummary(FirstFrame, FrameCount, Positions, Width);

/// <summary>PruMerge's plan.</summary>
/// <param name="Shape">The video.</param>
/// <param name="Ratio">The share of every frame's tokens that stays.</param>
public sealed record RatioPlan(VideoShape Shape, double Ratio) : PruningPlan(Shape);

/// <summary>
/// LLaVA-PruMerge: per frame the most attended tokens, each with its neighbours by key merged in, and one more row for
/// what was dropped (baselines, section 3).
/// </summary>
/// <param name="share">r; not used with an adaptive ratio.</param>
/// <param name="options">The other options.</param>
public sealed class PruMerge(double share, PruMerge.Options options) : InputMethod(share)
{
    /// <summary>Which attention scores the tokens.</summary>
    public enum Score
    {
        /// <summary>What a patch receives in the tower's last layer.</summary>
        Recv,

        /// <summary>That of the tower's pooling head.</summary>
        Cls,
    }

    /// <summary>In which order a frame's tokens go on.</summary>
    public enum Order
    {
        /// <summary>Most attended first, as released.</summary>
        Official,

        /// <summary>By position.</summary>
        Positional,
    }

    /// <summary>PruMerge's options.</summary>
    /// <param name="Score">Which attention.</param>
    /// <param name="Order">Which order.</param>
    /// <param name="Adaptive">Whether the ratio is that of outliers among the attention of all frames.</param>
    /// <param name="Neighbours">Tokens merged into each, as far as there are.</param>
    public sealed record Options(Score Score, Order Order, bool Adaptive, int Neighbours = 32);

    /// <inheritdoc/>
    public override string Name => "prumerge";

    /// <inheritdoc/>
    public override IReadOnlyList<VisionSignal> Signals => [Attention, VisionSignal.WideKeys];

    private VisionSignal Attention =>
        options.Score == Score.Cls ? VisionSignal.HeadAttention : VisionSignal.ReceivedAttention;

    internal static PruningMethod Create(double share, MethodSettings settings, ModelTraits model) => new PruMerge(share, new Options(
        settings.Choice("signal", Score.Recv),
        settings.Choice("order", model.RowNewlines ? Order.Positional : Order.Official),
        settings.Flag("adaptive", false)));

    /// <inheritdoc/>
    public override AttentionSummary Summarise(TokenChunk chunk) => new(
        chunk.FirstFrame, chunk.FrameCount, chunk.Positions, chunk.Width,
        options.Adaptive ? [.. Frames(chunk).SelectMany(frame => frame)] : []);

    /// <inheritdoc/>
    public override PruningPlan Plan(IReadOnlyList<ChunkSummary> summaries, int room)
    {
        var (ordered, shape) = ChunkSummary.Order<AttentionSummary>(summaries);
        var ratio = options.Adaptive
            ? AdaptiveRatio(ChunkOrder.Concatenate(ordered, chunk => chunk.Attention))
            : Share;
        return new RatioPlan(shape, ratio) { Room = room };
    }

    /// <inheritdoc/>
    public override PrunedChunk Apply(TokenChunk piece, PruningPlan plan)
    {
        plan.Require(piece);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var keys = piece.Signal(VisionSignal.WideKeys, Name);
        var keep = Math.Max(1, (int)(piece.Positions * ((RatioPlan)plan).Ratio));
        var (origins, values) = (new List<int>(), new List<Tensor>());
        foreach (var (attention, f) in Frames(piece).Select((attention, f) => (attention, f)))
        {
            var kept = Ranking.Top(attention, keep);
            if (options.Order == Order.Positional)
                Array.Sort(kept);
            values.Add(Merge(Rows.Frame(piece.Tokens, f), attention, keys.select(0, f), kept, options.Neighbours).to(piece.Tokens.dtype));
            // The row of what was dropped has no place of its own: it is the frame's last.
            origins.AddRange(kept.Append(piece.Positions - 1).Select(p => f * piece.Positions + p));
        }
        return PrunedChunk.Of(piece, origins, cat(values, 0).MoveToOuterDisposeScope());
    }

    // Attention of each frame, scaled to sum 1.
    private List<float[]> Frames(TokenChunk chunk)
    {
        var all = chunk.Signal(Attention, Name).ToArray<float>();
        return
        [
            .. all.Chunk(chunk.Positions).Select(frame =>
            {
                var sum = frame.Sum(value => (double)value);
                return Array.ConvertAll(frame, value => (float)(value / sum));
            }),
        ];
    }

    /// <summary>The share of values above Q₃ + 1.5·(Q₃ − Q₁); quartiles by linear interpolation, in float32.</summary>
    public static double AdaptiveRatio(ReadOnlySpan<float> attention)
    {
        var sorted = attention.ToArray();
        Array.Sort(sorted);
        var (low, high) = (Percentile(sorted, 0.25), Percentile(sorted, 0.75));
        var fence = high + 1.5f * (high - low);
        return (double)sorted.Count(value => value > fence) / sorted.Length;
    }

    /// <summary>The evenly spaced tokens that the "plus" form adds to those kept.</summary>
    /// <param name="kept">Most attended first.</param>
    /// <param name="ratio">The share that they are.</param>
    /// <param name="end">Where the even spacing ends, exclusive.</param>
    public static int[] Plus(int[] kept, double ratio, int end)
    {
        var step = (int)((int)(1 / ratio) / 3.0);
        if (step < 1)
            throw PruningException.OutOfRange("ratio", ratio, "at most a third for evenly spaced tokens");
        return [.. kept, .. Enumerable.Range(0, (end + step - 1) / step).Select(i => i * step).Except(kept)];
    }

    /// <summary>The kept tokens with their neighbours merged in, and the row of what was dropped.</summary>
    /// <param name="tokens">[N, D].</param>
    /// <param name="attention">[N].</param>
    /// <param name="keys">[N, C].</param>
    /// <param name="kept">k rows, in the order of the result.</param>
    /// <param name="neighbours">Merged into each, clamped to N − 1.</param>
    /// <returns>[k + 1, D] in float32, owned by the caller's dispose scope.</returns>
    public static Tensor Merge(Tensor tokens, float[] attention, Tensor keys, int[] kept, int neighbours)
    {
        using var scope = NewDisposeScope();
        var count = attention.Length;
        var units = Rows.Unit(keys.to(float32));
        var cosines = Rows.Take(units, kept).mm(units.transpose(0, 1)).ToArray<float>();
        var weights = new float[(kept.Length + 1) * count];
        for (var i = 0; i < kept.Length; i++)
        {
            var own = cosines.AsSpan(i * count, count);
            own[kept[i]] = float.NaN;
            foreach (var j in Ranking.Top(own, Math.Min(neighbours, count - 1)))
                weights[i * count + j] = attention[j];
            weights[i * count + kept[i]] = 1;
        }
        foreach (var j in Rows.Others(kept, count))
            weights[kept.Length * count + j] = attention[j];
        var mix = TensorData.From<float>(weights, kept.Length + 1, count).to(tokens.device);
        return mix.mm(tokens.to(float32)).MoveToOuterDisposeScope();
    }

    private static float Percentile(float[] sorted, double share)
    {
        var at = share * (sorted.Length - 1);
        var below = (int)at;
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + (float)(at - below) * (sorted[above] - sorted[below]);
    }
}
