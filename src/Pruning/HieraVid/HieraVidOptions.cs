namespace HieraVid.Pruning;

/// <summary>Which end of the attention scale counts as relevant (specification, A6 and A10).</summary>
public enum RelevanceSign
{
    /// <summary>The least attended token is the most relevant, as the authors' code has it.</summary>
    Negated,

    /// <summary>The most attended token is the most relevant, as the paper's words suggest.</summary>
    Positive,
}

/// <summary>How a pruning inside the model selects tokens (specification, A7).</summary>
public enum SelectionRule
{
    /// <summary>
    /// One token per bucket of neighbours: the paper's "relevance-based stage", the code of January 2026.
    /// </summary>
    Spread,

    /// <summary>
    /// Segment DPP, as in the later stages; in the first stage it is the code of November 2025, which made the paper's tables.
    /// </summary>
    Dpp,

    /// <summary>The highest relevances of each segment.</summary>
    TopK,
}

/// <summary>
/// HieraVid's hyperparameters (specification, A9), and a switch for each point where paper and code part (A10).
/// </summary>
public sealed record HieraVidOptions
{
    /// <summary>The authors' values.</summary>
    public static HieraVidOptions Default { get; } = new();

    /// <summary>
    /// <see cref="RelevanceSign.Negated"/> by default, because the paper's figures were made with it.
    /// </summary>
    public RelevanceSign RelevanceSign { get; init; } = RelevanceSign.Negated;

    /// <summary>
    /// Whose attention makes relevance (Eq. 6). <see cref="AskingTokens.Last"/> by default, as the authors' code has it.
    /// </summary>
    public AskingTokens Query { get; init; } = AskingTokens.Last;

    /// <summary>
    /// The selection at a quarter of the depth, layer 7 of 28. <see cref="SelectionRule.Spread"/> by default: it fits
    /// the paper's text (one relevance stage, then two DPP stages) and is the authors' newest code.
    /// </summary>
    public SelectionRule Layer7 { get; init; } = SelectionRule.Spread;

    /// <summary>
    /// The selections at half and at three quarters of the depth. <see cref="SelectionRule.Dpp"/> by default; top-k with the
    /// positive sign is the paper's ablation "without frame-level DPP" (Table 4).
    /// </summary>
    public SelectionRule Later { get; init; } = SelectionRule.Dpp;

    /// <summary>
    /// The paper's ablation "without layer-level balancing" (Table 4): merging and a segment DPP at the input bring the video to
    /// the budget, and nothing is pruned inside the model. Off by default.
    /// </summary>
    public bool InputOnly { get; init; }

    /// <summary>
    /// α of Eq. 4, in [0, 1]: 1 scores segments by how well they represent those before, 0 by how much they differ from
    /// those after. 0.5 by default (paper, section 4.1).
    /// </summary>
    public double Alpha { get; init; } = 0.5;

    /// <summary>
    /// β of Eq. 2, in [0, 1]: a frame whose overlap with the one before is below it begins a segment. 0.4 by default
    /// (paper, section 4.1).
    /// </summary>
    public double Beta { get; init; } = 0.4;

    /// <summary>
    /// Cosine above which a token counts as overlapping with the one before it, in [−1, 1]. 0.6 by default (code).
    /// </summary>
    public double SimThreshold { get; init; } = 0.6;

    /// <summary>
    /// How much of a segment's tokens one standard deviation of its score is worth (Eq. 5), in [0, 1]. 0.1 by default
    /// (code).
    /// </summary>
    public double Deviation { get; init; } = 0.1;

    /// <summary>Least share of a segment's tokens that a stage keeps, in [0, 1]. 0.05 by default (code).</summary>
    public double ClampLow { get; init; } = 0.05;

    /// <summary>Greatest share of a segment's tokens that a stage keeps, in [0, 1]. 0.95 by default (code).</summary>
    public double ClampHigh { get; init; } = 0.95;

    /// <summary>
    /// Reproduces an off-by-one of the authors' code: the last visual token belongs to no segment, so it is left out of
    /// means, counts and min-max and is dropped at the first selection unless it was merged. Off by default: it is a
    /// slip.
    /// </summary>
    public bool AsShippedLastToken { get; init; }

    /// <summary>How a stage inside the model selects.</summary>
    /// <param name="stage">1, 2 or 3.</param>
    public SelectionRule SelectionAt(int stage) => stage == 1 ? Layer7 : Later;

    /// <summary>The options by name, as users write them.</summary>
    /// <exception cref="PruningException">A value cannot be read.</exception>
    public static HieraVidOptions Read(MethodSettings settings) => new()
    {
        RelevanceSign = settings.Choice("relevanceSign", Default.RelevanceSign),
        Query = settings.Choice("query", Default.Query),
        Layer7 = settings.Choice("layer7", Default.Layer7),
        Later = settings.Choice("later", Default.Later),
        InputOnly = settings.Flag("inputOnly", Default.InputOnly),
        Alpha = settings.Number("alpha", Default.Alpha),
        Beta = settings.Number("beta", Default.Beta),
        SimThreshold = settings.Number("simThreshold", Default.SimThreshold),
        Deviation = settings.Number("deviation", Default.Deviation),
        ClampLow = settings.Number("clampLow", Default.ClampLow),
        ClampHigh = settings.Number("clampHigh", Default.ClampHigh),
        AsShippedLastToken = settings.Flag("asShippedLastToken", Default.AsShippedLastToken),
    };

    /// <summary>Checks the ranges.</summary>
    /// <returns>This.</returns>
    /// <exception cref="PruningException">A value is outside its range.</exception>
    public HieraVidOptions Validated()
    {
        Require("alpha", Alpha, 0, 1);
        Require("beta", Beta, 0, 1);
        Require("similarity threshold", SimThreshold, -1, 1);
        Require("deviation", Deviation, 0, 1);
        Require("lower clamp", ClampLow, 0, 1);
        Require("upper clamp", ClampHigh, 0, 1);
        if (ClampLow > ClampHigh)
        {
            throw PruningException.OutOfRange(
                "lower clamp", ClampLow, FormattableString.Invariant($"at most the upper clamp {ClampHigh}"));
        }
        return this;
    }

    private static void Require(string name, double value, double low, double high)
    {
        // Written so that NaN fails.
        if (!(value >= low && value <= high))
            throw PruningException.OutOfRange(name, value, FormattableString.Invariant($"from {low} to {high}"));
    }
}
