namespace HieraVid.Pruning;

/// <summary>Every visual token goes through every layer ("vanilla" in the papers).</summary>
public sealed class NoPruning : PruningMethod
{
    /// <inheritdoc/>
    public override string Name => PruningMethods.None;

    /// <inheritdoc/>
    public override NewlineRule Newlines => NewlineRule.All;

    /// <inheritdoc/>
    public override LayerTokens[] Nominal(VideoShape video, int layerCount) =>
        FlopsTokens.Uniform(video.Tokens, layerCount);

    /// <inheritdoc/>
    public override PrunedChunk Apply(TokenChunk piece, PruningPlan plan)
    {
        plan.Require(piece);
        return PrunedChunk.Whole(piece);
    }
}
