namespace HieraVid.Pruning;

/// <summary>
/// StreamingLLM: every token stays, but each sees only the first tokens and those just before it (baselines, section 1).
/// </summary>
/// <param name="share">The visible share of the prompt.</param>
/// <param name="initial">Tokens at the beginning that all see.</param>
public sealed class StreamingLlm(double share, int initial) : PruningMethod
{
    /// <inheritdoc/>
    public override string Name => "streamingllm";

    /// <inheritdoc/>
    public override NewlineRule Newlines => NewlineRule.All;

    internal static PruningMethod Create(double share, MethodSettings settings, ModelTraits model) =>
        new StreamingLlm(share, settings.Integer("initial", 8, least: 0));

    /// <inheritdoc/>
    public override LayerTokens[] Nominal(VideoShape video, int layerCount) =>
    [
        .. FlopsTokens.Uniform(video.Tokens, layerCount).Select(tokens => tokens with { Keys = share * video.Tokens }),
    ];

    /// <inheritdoc/>
    public override AttentionWindow? Window(int promptTokens) => WindowOf(promptTokens, share, initial);

    /// <summary>The window of a prompt; null where it covers all of it.</summary>
    /// <param name="promptTokens">L.</param>
    /// <param name="rate">The visible share.</param>
    /// <param name="initial">n_init.</param>
    /// <exception cref="PruningException">No place is left beside the first tokens.</exception>
    public static AttentionWindow? WindowOf(int promptTokens, double rate, int initial)
    {
        var local = (int)(rate * promptTokens) - initial;
        if (local <= 0)
        {
            throw PruningException.OutOfRange("budget", rate, FormattableString.Invariant(
                $"above {(initial + 1.0) / promptTokens:0.####}, so that a prompt of {promptTokens} tokens sees more than its first {initial}"));
        }
        return promptTokens <= local ? null : new AttentionWindow(initial, local);
    }

    /// <summary>The cached tokens that stay when the cache is trimmed, ascending.</summary>
    /// <param name="length">Tokens in the cache.</param>
    /// <param name="start">Tokens at the beginning that stay.</param>
    /// <param name="recent">Tokens at the end for which there is room.</param>
    /// <param name="coming">Tokens about to be added.</param>
    public static int[] Evict(int length, int start, int recent, int coming) => length + coming <= start + recent
        ? Rows.Range(length)
        : [.. Rows.Range(start), .. Enumerable.Range(length - recent + coming, recent - coming)];

    /// <inheritdoc/>
    public override PrunedChunk Apply(TokenChunk piece, PruningPlan plan)
    {
        plan.Require(piece);
        return PrunedChunk.Whole(piece);
    }
}
