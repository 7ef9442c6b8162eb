namespace HieraVid.Pruning;

/// <summary>A method that replaces the video before the model and does nothing inside it.</summary>
/// <param name="share">r, the share of tokens to keep.</param>
public abstract class InputMethod(double share) : PruningMethod
{
    /// <summary>r, the share of tokens to keep, above 0 and at most 1.</summary>
    protected double Share => share;

    /// <inheritdoc/>
    public override TokenPositions Positions => TokenPositions.Renumbered;

    /// <inheritdoc/>
    public override LayerTokens[] Nominal(VideoShape video, int layerCount) =>
        FlopsTokens.Uniform(share * video.Tokens, layerCount);

    /// <summary>The frames that step 3 needs together; none by default.</summary>
    protected virtual IReadOnlyList<FrameRange> PiecesOf(VideoShape video) => [];

    /// <inheritdoc/>
    public override PruningPlan Plan(IReadOnlyList<ChunkSummary> summaries, int room)
    {
        var plan = base.Plan(summaries, room);
        return plan with { Pieces = PiecesOf(plan.Shape) };
    }

    /// <summary>count, rounded half to even and at least 1.</summary>
    protected static int Rounded(double count) => Math.Max(1, (int)Math.Round(count));
}

/// <summary>A plan that names the tokens that stay.</summary>
/// <param name="Shape">The video.</param>
/// <param name="Kept">Token indices, ascending.</param>
public sealed record SelectionPlan(VideoShape Shape, int[] Kept) : PruningPlan(Shape)
{
    /// <summary>The tokens of a piece that stay.</summary>
    public PrunedChunk Apply(TokenChunk piece)
    {
        Require(piece);
        var first = piece.FirstFrame * piece.Positions;
        var last = first + piece.FrameCount * piece.Positions;
        return PrunedChunk.Subset(piece, [.. Kept.Where(token => token >= first && token < last).Select(token => token - first)]);
    }
}
