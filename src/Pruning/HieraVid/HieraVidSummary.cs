using System.Text.Json.Serialization;

namespace HieraVid.Pruning;

/// <summary>What HieraVid needs to know of one chunk (specification, part E).</summary>
/// <param name="FirstFrame">The chunk's first frame in the video.</param>
/// <param name="FrameCount">f.</param>
/// <param name="Positions">P.</param>
/// <param name="Width">D.</param>
/// <param name="Similarity">[f·P], from <see cref="SimilarityMap"/>.</param>
/// <param name="FrameSums">
/// [f·D], Σx of each frame. Sums per frame, not per chunk, keep the segment means independent of the cutting; they cost
/// 8·D bytes per frame.
/// </param>
/// <param name="LastToken">
/// [D], the chunk's last token, for <see cref="HieraVidOptions.AsShippedLastToken"/>; null without it.
/// </param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record HieraVidSummary(
    int FirstFrame, int FrameCount, int Positions, int Width, float[] Similarity, double[] FrameSums,
    double[]? LastToken) : ChunkSummary(FirstFrame, FrameCount, Positions, Width);
