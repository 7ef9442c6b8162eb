namespace HieraVid.Pruning;

/// <summary>A semantic segment: consecutive frames without a cut.</summary>
/// <param name="Index">Its id, from 0.</param>
/// <param name="FirstFrame">First frame.</param>
/// <param name="LastFrame">Last frame, inclusive.</param>
/// <param name="Score">The raw score of Eq. 4.</param>
/// <param name="Z">The score in standard deviations, which moves the segment's budget at every stage.</param>
public sealed record Segment(int Index, int FirstFrame, int LastFrame, double Score, float Z);

/// <summary>
/// Everything that is decided once for a whole video. Apply and the layer stages read nothing else global.
/// </summary>
/// <param name="Shape">The video.</param>
/// <param name="Options">The method's options.</param>
/// <param name="Schedule">Ratios and layers.</param>
/// <param name="Overlap">[F], the curve that the cuts come from.</param>
/// <param name="SegmentOfFrame">[F].</param>
/// <param name="Segments">[S].</param>
/// <param name="Merge">Which tokens fold into their predecessors.</param>
/// <param name="PieceQuotas">
/// Tokens that each of the plan's pieces may keep; empty where the window has room for all merged tokens.
/// </param>
public sealed record HieraVidPlan(
    VideoShape Shape, HieraVidOptions Options, PruningSchedule Schedule, float[] Overlap, int[] SegmentOfFrame,
    Segment[] Segments, MergeSelection Merge, int[] PieceQuotas) : PruningPlan(Shape)
{
    /// <summary>
    /// The id of a token that belongs to no segment (<see cref="HieraVidOptions.AsShippedLastToken"/>).
    /// </summary>
    public const int NoSegment = -1;

    /// <summary>The segment id of a token.</summary>
    public int SegmentOf(int token) => Options.AsShippedLastToken && token == Shape.Tokens - 1
        ? NoSegment
        : SegmentOfFrame[Shape.FrameOf(token)];
}
