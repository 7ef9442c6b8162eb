using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>What VisionZip keeps of one frame.</summary>
/// <param name="Dominant">The tokens with the highest score, ascending.</param>
/// <param name="Targets">The tokens to which the others are added, ascending.</param>
/// <param name="Owner">The output row of every token: dominant rows first, then targets, [M].</param>
/// <param name="Rows">[dominant + targets, D].</param>
public sealed record VisionZipFrame(int[] Dominant, int[] Targets, int[] Owner, Tensor Rows);

/// <summary>
/// VisionZip: per frame the most attended tokens, and evenly spaced ones that each take up the others most like them
/// (baselines, section 4).
/// </summary>
/// <param name="share">r.</param>
/// <param name="stage">Before or after pooling.</param>
/// <param name="rows">Rows per frame; 0 takes them from r.</param>
public sealed class VisionZip(double share, VisionZip.Stage stage, int rows) : InputMethod(share)
{
    /// <summary>Which tokens it works on.</summary>
    public enum Stage
    {
        /// <summary>The pooled ones.</summary>
        AfterPool,

        /// <summary>All patches, projected; nothing is pooled then.</summary>
        BeforePool,
    }

    /// <inheritdoc/>
    public override string Name => "visionzip";

    /// <inheritdoc/>
    public override NewlineRule Newlines => NewlineRule.All;

    /// <inheritdoc/>
    public override IReadOnlyList<VisionSignal> Signals => stage == Stage.AfterPool
        ? [VisionSignal.ReceivedAttention, VisionSignal.Keys]
        : [VisionSignal.UnpooledTokens, VisionSignal.UnpooledReceivedAttention, VisionSignal.UnpooledKeys];

    internal static PruningMethod Create(double share, MethodSettings settings, ModelTraits model) => new VisionZip(
        share, settings.Choice("stage", Stage.AfterPool), settings.Integer("rows", 0, least: 0));

    /// <inheritdoc/>
    public override PrunedChunk Apply(TokenChunk piece, PruningPlan plan)
    {
        plan.Require(piece);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var tokens = stage == Stage.AfterPool ? piece.Tokens : piece.Signal(VisionSignal.UnpooledTokens, Name);
        var score = piece.Signal(Signals[^2], Name);
        var keys = piece.Signal(Signals[^1], Name);
        var (total, dominant) = Counts(piece.Positions, (int)tokens.shape[1]);
        var (origins, values, sizes) = (new List<int>(), new List<Tensor>(), new List<int>());
        for (var f = 0; f < piece.FrameCount; f++)
        {
            var frame = Of(Rows.Frame(tokens, f), score.select(0, f).ToArray<float>(), keys.select(0, f), dominant, total - dominant);
            var own = f * piece.Positions;
            origins.AddRange(frame.Dominant.Concat(frame.Targets).Select(p => own + Cell(p, (int)tokens.shape[1], piece.Positions)));
            sizes.AddRange(frame.Owner.GroupBy(row => row).OrderBy(group => group.Key).Select(group => group.Count()));
            values.Add(frame.Rows.to(piece.Tokens.dtype));
        }
        return PrunedChunk.Of(piece, origins, cat(values, 0).MoveToOuterDisposeScope(), sizes);
    }

    // Rows per frame in all, and dominant ones among them: 54 of 64, as published.
    private (int Total, int Dominant) Counts(int positions, int available)
    {
        var total = rows > 0 ? rows
            : stage == Stage.AfterPool ? (int)Math.Ceiling(positions * Share) : Math.Max(1, (int)(positions * Share));
        total = Math.Min(total, available);
        return (total, (int)(total * 54 / 64.0));
    }

    // The place on the pooled grid of a patch, where there are more patches than places.
    private static int Cell(int patch, int patches, int positions)
    {
        var (fine, coarse) = ((int)Math.Round(Math.Sqrt(patches)), (int)Math.Round(Math.Sqrt(positions)));
        int Along(int at) => Math.Min(at * coarse / fine, coarse - 1);
        return patches == positions ? patch : Along(patch / fine) * coarse + Along(patch % fine);
    }

    /// <summary>One frame.</summary>
    /// <param name="tokens">[M, D].</param>
    /// <param name="score">[M].</param>
    /// <param name="metric">[M, d], what the others are compared by.</param>
    /// <param name="dominant">Tokens that stay by score.</param>
    /// <param name="contextual">Tokens that take up the others.</param>
    /// <returns>Rows in float32, owned by the caller's dispose scope.</returns>
    public static VisionZipFrame Of(Tensor tokens, float[] score, Tensor metric, int dominant, int contextual)
    {
        using var scope = NewDisposeScope();
        var top = Ranking.Top(score, dominant).Order().ToArray();
        var others = Rows.Others(top, score.Length);
        var step = Math.Max(1, contextual == 0 ? 1 : others.Length / contextual);
        var targets = Enumerable.Range(0, contextual).Select(i => i * step).Where(at => at < others.Length)
            .Select(at => others[at]).ToArray();
        var owner = new int[score.Length];
        Array.Fill(owner, -1);
        for (var i = 0; i < top.Length; i++)
            owner[top[i]] = i;
        for (var i = 0; i < targets.Length; i++)
            owner[targets[i]] = top.Length + i;
        var rest = others.Except(targets).ToArray();
        var own = Rows.Take(tokens, [.. top, .. targets]).to(float32);
        if (targets.Length == 0 || rest.Length == 0)
            return new VisionZipFrame(top, targets, owner, own.MoveToOuterDisposeScope());

        var units = Rows.Unit(metric.to(float32));
        var cosines = Rows.Take(units, rest).mm(Rows.Take(units, targets).transpose(0, 1)).ToArray<float>();
        for (var i = 0; i < rest.Length; i++)
            owner[rest[i]] = top.Length + Math.Max(0, Ranking.ArgMax(cosines.AsSpan(i * targets.Length, targets.Length)));
        var sums = new GroupSums(top.Length + targets.Length, (int)tokens.shape[1]);
        sums.Add(Rows.Wide(Rows.Take(tokens, rest)), [.. rest.Select(p => owner[p])]);
        // A sum, not an average: the target counts in full beside the mean of those that it takes up.
        var rows = own + sums.Means().to(own.device);
        return new VisionZipFrame(top, targets, owner, rows.MoveToOuterDisposeScope());
    }
}
