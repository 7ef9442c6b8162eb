namespace HieraVid.Pipeline;

/// <summary>
/// What pruning did to the visual tokens of one answer: the facts behind the HTML report. Arrays "per token" have
/// frames · positions entries, token index = frame · positions + position (newline tokens not counted).
/// </summary>
public sealed record PruningReport
{
    /// <summary>The method.</summary>
    public required string Method { get; init; }

    /// <summary>The asked mean retention over layers, in (0, 1].</summary>
    public required double Budget { get; init; }

    /// <summary>Sampled frames.</summary>
    public required int Frames { get; init; }

    /// <summary>Tokens per frame, a square grid, row by row.</summary>
    public required int Positions { get; init; }

    /// <summary>Decoder layers.</summary>
    public required int Layers { get; init; }

    /// <summary>The stages in order: merging at the input, then one per layer at which tokens are dropped.</summary>
    public required IReadOnlyList<PruningStageReport> Stages { get; init; }

    /// <summary>The semantic segments.</summary>
    public required IReadOnlyList<SegmentReport> Segments { get; init; }

    /// <summary>Overlap of each frame with the one before it (0 for the first); a cut where it is below <see cref="OverlapThreshold"/>.</summary>
    public required IReadOnlyList<float> Overlap { get; init; }

    /// <summary>β: the overlap below which a segment begins.</summary>
    public required double OverlapThreshold { get; init; }

    /// <summary>Per token: cosine similarity with the same position of the frame before; −2 in the first frame.</summary>
    public required IReadOnlyList<float> Similarity { get; init; }

    /// <summary>Per token: the token that it was merged into, or −1.</summary>
    public required IReadOnlyList<int> MergedInto { get; init; }

    /// <summary>Per token: the stage (index into <see cref="Stages"/>) at which it left, or −1 if it stayed to the end.</summary>
    public required IReadOnlyList<int> LeftAt { get; init; }
}

/// <summary>One stage of pruning. Arrays per token hold NaN or −1 for tokens that were not there any more.</summary>
/// <param name="Name"><c>merge</c>, <c>relevance</c> or <c>dpp</c>.</param>
/// <param name="Layer">The layer in which it happens; 0 for the input.</param>
/// <param name="Before">Visual tokens before it.</param>
/// <param name="After">Visual tokens after it.</param>
/// <param name="Relevance">Per token: relevance ρ in this stage's form; empty for merging.</param>
/// <param name="Gain">Per token: the DPP's gain d² when it was picked, NaN if it was not; empty where no DPP is used.</param>
/// <param name="Rank">Per token: position in the segment's order of picks, from 0; −1 if not picked; empty where there is no order.</param>
public sealed record PruningStageReport(
    string Name, int Layer, int Before, int After, IReadOnlyList<float> Relevance, IReadOnlyList<float> Gain, IReadOnlyList<int> Rank);

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
