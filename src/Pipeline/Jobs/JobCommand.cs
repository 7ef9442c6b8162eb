using HieraVid.Pruning;

namespace HieraVid.Pipeline.Jobs;

/// <summary>Something that the host is to do next. Each is idempotent: done twice, it gives the same.</summary>
public abstract record JobCommand
{
    private JobCommand() { }

    /// <summary>Look at the video and cut the work into chunks.</summary>
    public sealed record Probe : JobCommand;

    /// <summary>Decode and encode one chunk.</summary>
    /// <param name="Chunk">The chunk.</param>
    public sealed record EncodeChunk(Chunk Chunk) : JobCommand;

    /// <summary>Summarise one chunk. It takes the last frame before it, so the chunks before it are encoded.</summary>
    /// <param name="Index">The chunk.</param>
    /// <param name="FirstFrame">Its first frame among those that could be decoded.</param>
    /// <param name="Previous">The chunk whose last frame comes before it; null for the first.</param>
    public sealed record SummariseChunk(int Index, int FirstFrame, int? Previous) : JobCommand;

    /// <summary>Decide what to keep of the whole video.</summary>
    public sealed record Plan : JobCommand;

    /// <summary>Apply the plan to one piece. The pieces may be done in any order.</summary>
    /// <param name="Index">From 0.</param>
    /// <param name="Piece">Its frames.</param>
    public sealed record ApplyPiece(int Index, FrameRange Piece) : JobCommand;

    /// <summary>Put the pieces together, run prompt and video through the decoder, and write the answer.</summary>
    public sealed record Answer : JobCommand;

    /// <summary>Tell the outcome, stop what still runs and free everything. Issued exactly once per job.</summary>
    public sealed record Finish : JobCommand;
}
