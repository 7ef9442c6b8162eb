namespace HieraVid.Pruning.Dpp;

/// <summary>One segment to select from. Segments are independent of each other.</summary>
/// <param name="Members">Rows of the features that belong to the segment, ascending, without repetition.</param>
/// <param name="Keep">How many of them to keep, 0 to the number of members.</param>
public sealed record DppSegment(int[] Members, int Keep);

/// <summary>What was selected from a segment.</summary>
/// <param name="Order">Rows of the features in the order of selection; as many as the segment's Keep.</param>
/// <param name="Gain">
/// The residual variance d² of each when it was selected, in (0, relevance²]; 0 for places that were filled because no
/// token had any left. The sum of the logarithms of the positive ones is the log-determinant of the selection.
/// </param>
public sealed record DppSelection(int[] Order, float[] Gain);
