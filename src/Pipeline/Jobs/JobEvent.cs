using System.Collections.Immutable;

namespace HieraVid.Pipeline.Jobs;

/// <summary>Something that happened to a job. Events may arrive twice or late; the machine is deaf to repetition.</summary>
public abstract record JobEvent
{
    private JobEvent() { }

    /// <summary>The job was accepted.</summary>
    public sealed record Accepted : JobEvent;

    /// <summary>The video is known and the work is cut.</summary>
    /// <param name="Chunks">At least one.</param>
    public sealed record Probed(ImmutableArray<Chunk> Chunks) : JobEvent;

    /// <summary>A chunk's tokens are there.</summary>
    /// <param name="Index">The chunk.</param>
    /// <param name="MissingSamples">Samples of it that could not be decoded, where the request allows that.</param>
    public sealed record ChunkEncoded(int Index, int MissingSamples = 0) : JobEvent;

    /// <summary>The prompt is in the cache.</summary>
    public sealed record Prefilled : JobEvent;

    /// <summary>The answer is complete.</summary>
    public sealed record Answered : JobEvent;

    /// <summary>A stage cannot be done.</summary>
    /// <param name="Fault">Why.</param>
    public sealed record StageFailed(JobFault Fault) : JobEvent;

    /// <summary>Somebody wants the job to end.</summary>
    public sealed record CancelRequested : JobEvent;
}
