using System.Numerics;
using System.Runtime.InteropServices;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>DivPrune: tokens as far from each other as possible, one after the other (baselines, section 8).</summary>
/// <param name="share">r.</param>
/// <param name="scope">Over what tokens are compared.</param>
public sealed class DivPrune(double share, RandomTokens.Scope scope) : InputMethod(share)
{
    private const int Block = 1024;
    private const int Round = 32;

    /// <inheritdoc/>
    public override string Name => "divprune";

    internal static PruningMethod Create(double share, MethodSettings settings, ModelTraits model) =>
        new DivPrune(share, settings.Choice("scope", RandomTokens.Scope.Video));

    /// <inheritdoc/>
    protected override IReadOnlyList<FrameRange> PiecesOf(VideoShape video) =>
        scope == RandomTokens.Scope.Video ? [new FrameRange(0, video.Frames)] : [];

    /// <inheritdoc/>
    public override PrunedChunk Apply(TokenChunk piece, PruningPlan plan)
    {
        plan.Require(piece);
        using var scoped = NewDisposeScope();
        using var frozen = no_grad();
        var groups = scope == RandomTokens.Scope.Video ? 1 : piece.FrameCount;
        var tokens = piece.Tokens.reshape(groups, -1, piece.Width);
        var size = (int)tokens.shape[1];
        int[] rows =
        [
            .. Rows.Range(groups).SelectMany(g =>
                Picks(tokens.select(0, g), Rounded(Share * size)).Order().Select(row => g * size + row)),
        ];
        var kept = PrunedChunk.Subset(piece, rows);
        kept.Values.MoveToOuterDisposeScope();
        return kept;
    }

    /// <summary>The picked rows in the order of their picking.</summary>
    /// <remarks>
    /// A distance to the nearest pick only ever shrinks, so an old one is an upper bound: only the token on top is brought up
    /// to date, until it stays on top. Every 32 picks one product brings all up to date.
    /// </remarks>
    /// <param name="tokens">[n, D]; a token without direction is picked only where nothing else is left.</param>
    /// <param name="keep">At most n.</param>
    public static int[] Picks(Tensor tokens, int keep)
    {
        using var scope = NewDisposeScope();
        var units = Rows.Wide(Rows.Unit(tokens.to(float32)));
        var (count, width) = ((int)units.shape[0], (int)units.shape[1]);
        // Distance to the nearest other token first, then to the nearest picked one; NaN once picked.
        var nearest = ToNearestOther(units);
        var pick = Ranking.ArgMax(nearest);
        var picks = new List<int>(keep);
        // The picks of the current round that a token has been compared with.
        var (seen, roundStart) = (new int[count], 0);
        for (var t = 0; t < count; t++)
            nearest[t] = float.IsNaN(nearest[t]) ? float.NaN : float.PositiveInfinity;
        while (pick >= 0 && picks.Count < keep)
        {
            picks.Add(pick);
            nearest[pick] = float.NaN;
            if (picks.Count - roundStart == Round || picks.Count == 1)
            {
                Compare(units, picks.GetRange(roundStart, picks.Count - roundStart), nearest);
                (roundStart, seen) = (picks.Count, new int[count]);
            }
            var values = MemoryMarshal.Cast<byte, float>(units.bytes);
            for (pick = Ranking.ArgMax(nearest); pick >= 0 && roundStart + seen[pick] < picks.Count; pick = Ranking.ArgMax(nearest))
            {
                var own = values.Slice(pick * width, width);
                foreach (var other in picks.GetRange(roundStart + seen[pick], picks.Count - roundStart - seen[pick]))
                    nearest[pick] = Math.Min(nearest[pick], 1 - Dot(own, values.Slice(other * width, width)));
                seen[pick] = picks.Count - roundStart;
            }
        }
        return [.. picks, .. Rows.Others(picks, count).Take(keep - picks.Count)];
    }

    private static void Compare(Tensor units, List<int> picks, float[] nearest)
    {
        using var scope = NewDisposeScope();
        var cosines = units.mm(Rows.Take(units, picks).transpose(0, 1)).ToArray<float>();
        for (var t = 0; t < nearest.Length; t++)
        {
            for (var i = 0; i < picks.Count; i++)
            {
                var distance = 1 - cosines[t * picks.Count + i];
                nearest[t] = distance < nearest[t] ? distance : nearest[t];
            }
        }
    }

    private static float Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        var a = MemoryMarshal.Cast<float, Vector<float>>(x);
        var b = MemoryMarshal.Cast<float, Vector<float>>(y);
        var sums = Vector<float>.Zero;
        for (var i = 0; i < a.Length; i++)
            sums += a[i] * b[i];
        var sum = Vector.Sum(sums);
        for (var i = a.Length * Vector<float>.Count; i < x.Length; i++)
            sum += x[i] * y[i];
        return sum;
    }

    // Block against block, so that the n² distances are never held.
    private static float[] ToNearestOther(Tensor units)
    {
        var count = (int)units.shape[0];
        var greatest = new float[count];
        Array.Fill(greatest, float.NegativeInfinity);
        var own = (units * units).sum([-1]).ToArray<float>();
        for (var from = 0; from < count; from += Block)
        {
            for (var other = from; other < count; other += Block)
            {
                using var scope = NewDisposeScope();
                var (rows, columns) = (Math.Min(Block, count - from), Math.Min(Block, count - other));
                var cosines = units.narrow(0, from, rows).mm(units.narrow(0, other, columns).transpose(0, 1)).ToArray<float>();
                for (var i = 0; i < rows; i++)
                {
                    for (var j = from == other ? i + 1 : 0; j < columns; j++)
                    {
                        var cosine = cosines[i * columns + j];
                        greatest[from + i] = cosine > greatest[from + i] ? cosine : greatest[from + i];
                        greatest[other + j] = cosine > greatest[other + j] ? cosine : greatest[other + j];
                    }
                }
            }
        }
        for (var t = 0; t < count; t++)
            greatest[t] = float.IsNaN(own[t]) ? float.NaN : 1 - greatest[t];
        return greatest;
    }
}
