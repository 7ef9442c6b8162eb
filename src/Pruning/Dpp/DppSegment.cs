using static TorchSharp.torch;

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

/// <summary>The segments of one video or job, to be selected from together with those of others.</summary>
/// <param name="Features">[n, D]: one row per token, any float type, any device. Jobs may differ in n, D, type and device.</param>
/// <param name="Relevance">[n]: ρ of each token.</param>
/// <param name="Segments">Rows and number to keep of each segment.</param>
public sealed record DppJob(Tensor Features, float[] Relevance, IReadOnlyList<DppSegment> Segments);
