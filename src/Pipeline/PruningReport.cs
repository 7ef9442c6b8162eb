using HieraVid.Pruning;

namespace HieraVid.Pipeline;

/// <summary>
/// What pruning did to the visual tokens of one answer: the facts behind the HTML report. Arrays "per token" have
/// frames · positions entries, token index = frame · positions + position (newline tokens not counted).
/// </summary>
public sealed record PruningReport
{
    /// <summary>Sampled frames; pairs of them where the model takes pairs.</summary>
    public required int Frames { get; init; }

    /// <summary>Tokens per frame, a grid, row by row.</summary>
    public required int Positions { get; init; }

    /// <summary>Tokens in a row of the grid; the last row may be shorter.</summary>
    public required int Columns { get; init; }

    /// <summary>When each of the frames is shown, in seconds.</summary>
    public required IReadOnlyList<double> Times { get; init; }

    /// <summary>Decoder layers.</summary>
    public required int Layers { get; init; }

    /// <summary>The stages in order: those at the input, then one per layer at which tokens are dropped.</summary>
    public required IReadOnlyList<PruningStageReport> Stages { get; init; }

    /// <summary>Per token: the stage (index into <see cref="Stages"/>) at which it left, or −1 if it stayed to the end.</summary>
    public required IReadOnlyList<int> LeftAt { get; init; }

    /// <summary>The semantic segments; empty where the method has none.</summary>
    public IReadOnlyList<SegmentReport> Segments { get; init; } = [];

    /// <summary>The token that belongs to no segment, or −1.</summary>
    public int Unsegmented { get; init; } = -1;

    /// <summary>
    /// Overlap of each frame with the one before it (0 for the first); a cut where it is below
    /// <see cref="OverlapThreshold"/>. Empty where the method has no segments.
    /// </summary>
    public IReadOnlyList<float> Overlap { get; init; } = [];

    /// <summary>β: the overlap below which a segment begins.</summary>
    public double OverlapThreshold { get; init; }

    /// <summary>
    /// Per token: cosine similarity with the same position of the frame before; −2 in the first frame. Empty where the
    /// method does not look at it.
    /// </summary>
    public IReadOnlyList<float> Similarity { get; init; } = [];

    /// <summary>Per token: the token that it was merged into, or −1. Empty where the method merges no runs.</summary>
    public IReadOnlyList<int> MergedInto { get; init; } = [];

    /// <summary>The least similarity that was merged; null where nothing was.</summary>
    public float? MergeThreshold { get; init; }

    /// <summary>Which end of the attention counted as relevant; null where nothing went by relevance.</summary>
    public RelevanceSign? RelevanceSign { get; init; }
}

/// <summary>How a stage chose.</summary>
public enum PruningRule
{
    /// <summary>At the input: tokens like the one before them are merged into it.</summary>
    Merge,

    /// <summary>At the input: a DPP chooses as many as the model's window has room for.</summary>
    Window,

    /// <summary>The most relevant of each bucket of neighbours.</summary>
    Spread,

    /// <summary>The most relevant of each segment.</summary>
    TopK,

    /// <summary>A DPP over each segment.</summary>
    Dpp,

    /// <summary>By a rule that does not explain itself.</summary>
    Other,
}

/// <summary>One stage of pruning.</summary>
/// <param name="Rule">How it chose.</param>
/// <param name="Layer">The layer in which it happens; null at the input.</param>
/// <param name="Before">Visual tokens before it.</param>
/// <param name="After">Visual tokens after it.</param>
public sealed record PruningStageReport(PruningRule Rule, int? Layer, int Before, int After)
{
    /// <summary>The tokens before it, ascending, [n]: the arrays below are about them. Empty where there are none.</summary>
    public IReadOnlyList<int> Tokens { get; init; } = [];

    /// <summary>Relevance ρ in this stage's form, [n].</summary>
    public IReadOnlyList<float> Relevance { get; init; } = [];

    /// <summary>Place by relevance among the segment's tokens, from 0 for the most relevant, [n]; −1 without segment.</summary>
    public IReadOnlyList<int> Place { get; init; } = [];

    /// <summary>The DPP's gain d² when it picked the token, [n]; NaN if it did not. Empty where no DPP is used.</summary>
    public IReadOnlyList<float> Gain { get; init; } = [];

    /// <summary>The DPP's order of picks in the segment, from 0, [n]; −1 if not picked. Empty where no DPP is used.</summary>
    public IReadOnlyList<int> Rank { get; init; } = [];

    /// <summary>The token that its bucket of neighbours kept, [n]; −1 for none. Empty where there are no buckets.</summary>
    public IReadOnlyList<int> Winner { get; init; } = [];

    /// <summary>What the DPP at the input chose from together, in order; empty elsewhere.</summary>
    public IReadOnlyList<WindowPiece> Pieces { get; init; } = [];
}

/// <summary>A semantic segment.</summary>
/// <param name="Index">From 0.</param>
/// <param name="FirstFrame">Its first sampled frame, by position among the samples.</param>
/// <param name="LastFrame">Its last sampled frame.</param>
/// <param name="Start">When it begins, in seconds.</param>
/// <param name="End">When it ends: the next segment's start, or the video's end.</param>
/// <param name="Score">z: how far its budget departs from the mean, in standard deviations.</param>
/// <param name="Kept">Its tokens after each stage.</param>
public sealed record SegmentReport(
    int Index, int FirstFrame, int LastFrame, double Start, double End, double Score, IReadOnlyList<int> Kept);
