namespace HieraVid.Pruning;

/// <summary>
/// What a plan needs to know of one chunk: plain arrays that can be sent anywhere. Methods that need more than the
/// extent derive their own.
/// </summary>
/// <param name="FirstFrame">The chunk's first frame in the video.</param>
/// <param name="FrameCount">f.</param>
/// <param name="Positions">P.</param>
/// <param name="Width">D.</param>
public record ChunkSummary(int FirstFrame, int FrameCount, int Positions, int Width)
{
    /// <summary>The chunks by first frame, and the video that they make up.</summary>
    /// <param name="summaries">All chunks, in any order.</param>
    /// <exception cref="PruningException">The chunks don't make up one video.</exception>
    public static (List<T> Ordered, VideoShape Shape) Order<T>(IReadOnlyList<ChunkSummary> summaries)
        where T : ChunkSummary
    {
        var ordered = ChunkOrder.Of([.. summaries.Cast<T>()],
            chunk => (chunk.FirstFrame, chunk.FrameCount, chunk.Positions, chunk.Width));
        var last = ordered[^1];
        return (ordered, new VideoShape(last.FirstFrame + last.FrameCount, last.Positions, last.Width));
    }
}
