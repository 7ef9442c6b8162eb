using HieraVid.Pruning.Dpp;

namespace HieraVid.Pruning;

/// <summary>
/// Fits an hour into the model's window: where merging alone leaves too many tokens, each segment gets a share of the
/// room and a DPP chooses its tokens (architecture.md, section 4).
/// </summary>
/// <remarks>
/// Long segments are chosen from in pieces. That bounds the work, which grows with the cube of a piece's length, and
/// the memory; and it keeps the choice spread over time. Pieces depend on segments alone, never on how the video was
/// cut for the work.
/// </remarks>
public static class WindowBudget
{
    /// <summary>Tokens before merging that are chosen from together: 32 frames of 196.</summary>
    public const int PieceTokens = 6272;

    /// <summary>Segments cut into equal pieces of at most <see cref="PieceTokens"/> tokens.</summary>
    /// <param name="segments">The video's segments, in order.</param>
    /// <param name="positions">P.</param>
    public static FrameRange[] Pieces(IReadOnlyList<Segment> segments, int positions)
    {
        var most = Math.Max(1, PieceTokens / positions);
        var pieces = new List<FrameRange>();
        foreach (var segment in segments)
        {
            var frames = segment.LastFrame - segment.FirstFrame + 1;
            var count = (frames + most - 1) / most;
            for (var i = 0; i < count; i++)
            {
                var (from, to) = ((long)frames * i / count, (long)frames * (i + 1) / count);
                pieces.Add(new FrameRange(segment.FirstFrame + (int)from, (int)(to - from)));
            }
        }
        return [.. pieces];
    }

    /// <summary>
    /// Tokens that each piece keeps, together exactly the room: in proportion to its merged tokens, one standard
    /// deviation of its segment's score worth <see cref="HieraVidOptions.Deviation"/> of its share; the rest goes by
    /// largest remainder, ties to the earlier piece.
    /// </summary>
    /// <remarks>
    /// Eq. 5 adds deviation · z to the share itself. With shares of a tenth and less, as here, that would leave no token to every
    /// segment a little below the mean, so the deviation is taken of the share.
    /// </remarks>
    /// <exception cref="PruningException">There is no room at all.</exception>
    internal static int[] Quotas(HieraVidPlan plan, IReadOnlyList<FrameRange> pieces, int room)
    {
        var counts = pieces.Select(piece => Remaining(plan, piece)).ToArray();
        if (room < 1)
            throw PruningException.NoRoom(PruningMethods.HieraVid, counts.Sum(), room);
        var weights = pieces
            .Select((piece, i) => counts[i] * Math.Max(0, 1 + plan.Options.Deviation * ScoreOf(plan, piece)))
            .ToArray();
        return Apportion(weights, counts, room);
    }

    /// <summary>The tokens of a piece that stay; all where the plan sets no quotas.</summary>
    internal static PrunedTokens Thin(PrunedTokens tokens, HieraVidPlan plan)
    {
        if (plan.PieceQuotas.Length == 0)
            return tokens;
        var piece = Enumerable.Range(0, plan.Pieces.Count).First(i => plan.Pieces[i].First == tokens.FirstFrame);
        var keep = plan.PieceQuotas[piece];
        if (keep == tokens.Origins.Length)
            return tokens;
        if (keep == 0)
            return tokens.Rows([]);
        var equal = new float[tokens.Origins.Length];
        Array.Fill(equal, 1);
        int[] all = [.. Enumerable.Range(0, equal.Length)];
        var picked = SegmentDpp.Select(tokens.Values, equal, [new DppSegment(all, keep)])[0].Order;
        return tokens.Rows([.. picked.Order()]);
    }

    // Shares of the room by weight, none above its cap. Whoever is at the cap leaves its rest to the others.
    private static int[] Apportion(double[] weights, int[] caps, int room)
    {
        var quotas = new int[weights.Length];
        List<int> open = [.. Enumerable.Range(0, weights.Length).Where(i => caps[i] > 0)];
        var left = Math.Min(room, caps.Sum());
        while (left > 0)
        {
            var total = open.Sum(i => weights[i]);
            double Share(int i) => total > 0 ? left * (weights[i] / total) : (double)left / open.Count;
            var full = open.Where(i => Share(i) >= caps[i]).ToList();
            if (full.Count == 0)
            {
                foreach (var i in open)
                    quotas[i] = (int)Share(i);
                var rest = left - open.Sum(i => quotas[i]);
                foreach (var i in open.OrderByDescending(i => Share(i) - quotas[i]).ThenBy(i => i).Take(rest))
                    quotas[i]++;
                return quotas;
            }
            foreach (var i in full)
                quotas[i] = caps[i];
            left -= full.Sum(i => caps[i]);
            open = [.. open.Except(full)];
        }
        return quotas;
    }

    private static int Remaining(HieraVidPlan plan, FrameRange piece)
    {
        var positions = plan.Shape.Positions;
        return plan.Merge.Merged.AsSpan(piece.First * positions, piece.Count * positions).Count(false);
    }

    private static float ScoreOf(HieraVidPlan plan, FrameRange piece) =>
        plan.Segments[plan.SegmentOfFrame[piece.First]].Z;
}
