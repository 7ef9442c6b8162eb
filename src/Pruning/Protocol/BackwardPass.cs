using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>
/// Steps 3 and 3b over a whole video, from its last piece to its first: what a merge gathers from later frames is known
/// when its first token is reached, so one piece at a time is all that has to be held.
/// </summary>
public static class BackwardPass
{
    /// <summary>Prunes a video piece by piece.</summary>
    /// <param name="method">The method.</param>
    /// <param name="plan">Its plan for the video.</param>
    /// <param name="chunks">The frames of the chunks that there are, in order; the pieces where the plan has none.</param>
    /// <param name="load">
    /// The tokens of a piece, called once for each, last piece first. They stay the caller's, in no dispose scope or in
    /// an outer one.
    /// </param>
    /// <param name="done">Told of each piece that is through: nothing from its first frame on is asked for again.</param>
    /// <returns>What enters the model; owned by the caller's dispose scope.</returns>
    /// <exception cref="PruningException">The pieces don't fit the plan or each other.</exception>
    public static PrunedTokens Run(
        PruningMethod method, PruningPlan plan, IReadOnlyList<FrameRange> chunks, Func<FrameRange, TokenChunk> load,
        Action<FrameRange>? done = null)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var pieces = plan.Pieces.Count > 0 ? plan.Pieces : chunks;
        var kept = new List<PrunedTokens>(pieces.Count);
        RunPart? next = null;
        foreach (var piece in pieces.Reverse())
        {
            using var inner = NewDisposeScope();
            var pruned = method.Apply(load(piece), plan);
            var carried = RunPart.Carry(pruned, next);
            var tokens = method.Thin(pruned.Finish(next), plan);
            // A tensor of its own: what was kept must not keep the piece that it came from.
            kept.Add(tokens with { Values = tokens.Values.clone().MoveToOuterDisposeScope() });
            next?.Dispose();
            next = carried;
            next?.Sum.MoveToOuterDisposeScope();
            done?.Invoke(piece);
        }
        var joined = PrunedTokens.Join(kept);
        if (joined.Origins.Length > plan.Room)
            throw PruningException.NoRoom(method.Name, joined.Origins.Length, plan.Room);
        joined.Values.MoveToOuterDisposeScope();
        return joined;
    }

    /// <summary>Prunes a video whose chunks are all at hand.</summary>
    /// <param name="method">The method.</param>
    /// <param name="plan">Its plan for the video.</param>
    /// <param name="chunks">All chunks, in any order; they stay the caller's.</param>
    /// <exception cref="PruningException">The chunks don't make up one video, or don't fit the plan.</exception>
    public static PrunedTokens Run(PruningMethod method, PruningPlan plan, IReadOnlyList<TokenChunk> chunks)
    {
        var ordered = ChunkOrder.Of(chunks, chunk => (chunk.FirstFrame, chunk.FrameCount, chunk.Positions, chunk.Width));
        return Run(method, plan, [.. ordered.Select(chunk => new FrameRange(chunk.FirstFrame, chunk.FrameCount))],
            piece => TokenChunk.Of(piece, ordered));
    }
}
