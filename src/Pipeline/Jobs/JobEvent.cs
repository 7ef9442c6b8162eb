using System.Collections.Immutable;
using HieraVid.Pruning;

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

    /// <summary>A chunk's summary is there.</summary>
    /// <param name="Index">The chunk.</param>
    public sealed record ChunkSummarised(int Index) : JobEvent;

    /// <summary>The plan is there.</summary>
    /// <param name="Pieces">The frames that it is to be applied to together, in order; at least one.</param>
    public sealed record Planned(ImmutableArray<FrameRange> Pieces) : JobEvent;

    /// <summary>The plan is applied to a piece.</summary>
    /// <param name="Index">The piece.</param>
    public sealed record PieceApplied(int Index) : JobEvent;

    /// <summary>The answer is complete.</summary>
    public sealed record Answered : JobEvent;

    /// <summary>A stage cannot be done.</summary>
    /// <param name="Fault">Why.</param>
    public sealed record StageFailed(JobFault Fault) : JobEvent;

    /// <summary>Somebody wants the job to end.</summary>
    public sealed record CancelRequested : JobEvent;
}
