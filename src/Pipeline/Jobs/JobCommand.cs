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

    /// <summary>Run prompt and video through the decoder.</summary>
    public sealed record Prefill : JobCommand;

    /// <summary>Write the answer.</summary>
    public sealed record Generate : JobCommand;

    /// <summary>Tell the outcome, stop what still runs and free everything. Issued exactly once per job.</summary>
    public sealed record Finish : JobCommand;
}
