namespace HieraVid.Pruning;

/// <summary>The visual tokens per layer of each method, for <see cref="Flops"/>.</summary>
public static class FlopsTokens
{
    /// <summary>The same number in every layer: no pruning, or pruning before the model.</summary>
    /// <param name="tokens">n.</param>
    /// <param name="layerCount">L.</param>
    public static LayerTokens[] Uniform(double tokens, int layerCount) =>
        [.. Enumerable.Repeat(new LayerTokens(tokens, tokens), layerCount)];

    /// <summary>One number in the first layers, another in the others: pruning between two layers.</summary>
    /// <param name="before">n in the first layers.</param>
    /// <param name="full">How many they are.</param>
    /// <param name="after">n in the others.</param>
    /// <param name="layerCount">L.</param>
    public static LayerTokens[] Step(double before, int full, double after, int layerCount) =>
    [
        .. Uniform(before, Math.Min(full, layerCount)), .. Uniform(after, Math.Max(0, layerCount - full)),
    ];

    /// <summary>
    /// As the papers count: a layer that prunes is charged with the tokens that leave its pruning ("ideal").
    /// </summary>
    /// <param name="exact">As it happens.</param>
    public static LayerTokens[] Ideal(IEnumerable<LayerTokens> exact) =>
        [.. exact.Select(tokens => tokens with { Attention = tokens.FeedForward })];

    /// <summary>
    /// As it happens: the attention of a layer that prunes runs on the tokens before pruning ("exact").
    /// </summary>
    /// <param name="schedule">Gives the layers, and how many there are.</param>
    /// <param name="stages">Tokens after each stage, [4]: nominal or measured.</param>
    public static LayerTokens[] Exact(PruningSchedule schedule, IReadOnlyList<double> stages) =>
    [
        .. Enumerable.Range(0, schedule.LayerCount).Select(layer =>
            new LayerTokens(After(schedule, stages, Math.Max(0, layer - 1)), After(schedule, stages, layer))),
    ];

    /// <summary>The tokens that a schedule leaves after each stage, without truncation, [4].</summary>
    /// <param name="schedule">The schedule.</param>
    /// <param name="tokens">n before any pruning.</param>
    public static double[] Nominal(PruningSchedule schedule, double tokens) =>
        [.. schedule.StageShares().Select(share => share * tokens)];

    private static double After(PruningSchedule schedule, IReadOnlyList<double> stages, int layer) =>
        stages[schedule.Layers.Count(boundary => boundary <= layer)];
}
