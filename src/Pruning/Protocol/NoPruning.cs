namespace HieraVid.Pruning;

/// <summary>Every visual token goes through every layer ("vanilla" in the papers).</summary>
public sealed class NoPruning : PruningMethod
{
    /// <inheritdoc/>
    public override string Name => PruningMethods.None;

    /// <inheritdoc/>
    public override LayerTokens[] Nominal(double tokens, int layerCount) => FlopsTokens.Uniform(tokens, layerCount);

    /// <inheritdoc/>
    public override ChunkSummary Summarise(TokenChunk chunk) =>
        new(chunk.FirstFrame, chunk.FrameCount, chunk.Positions, chunk.Width);

    /// <inheritdoc/>
    public override PruningPlan Plan(IReadOnlyList<ChunkSummary> summaries, int room)
    {
        var plan = new PruningPlan(ChunkSummary.Order<ChunkSummary>(summaries).Shape);
        return plan.Shape.Tokens <= room ? plan : throw PruningException.NoRoom(Name, plan.Shape.Tokens, room);
    }

    /// <inheritdoc/>
    public override PrunedChunk Apply(TokenChunk piece, PruningPlan plan)
    {
        plan.Require(piece);
        var (first, count) = (piece.FirstFrame * piece.Positions, piece.FrameCount * piece.Positions);
        return new PrunedChunk(piece.FirstFrame, piece.FrameCount, piece.Positions,
            [.. Enumerable.Range(first, count)], [.. Enumerable.Repeat(1, count)],
            piece.Tokens.reshape(count, piece.Width));
    }
}
