using System.Collections.Immutable;

namespace HieraVid.Pipeline.Jobs;

/// <summary>Where a job stands.</summary>
public enum JobPhase
{
    /// <summary>Nothing has happened yet.</summary>
    Submitted,

    /// <summary>The video is being looked at.</summary>
    Probing,

    /// <summary>Chunks are being decoded and encoded.</summary>
    Encoding,

    /// <summary>The prompt runs through the decoder.</summary>
    Prefilling,

    /// <summary>The answer is being written.</summary>
    Generating,

    /// <summary>Answered. Terminal.</summary>
    Completed,

    /// <summary>Ended by a fault. Terminal.</summary>
    Failed,

    /// <summary>Ended by request. Terminal.</summary>
    Cancelled,
}

/// <summary>All that a host has to remember of a job to go on with it.</summary>
public sealed record JobState
{
    /// <summary>The phase.</summary>
    public JobPhase Phase { get; init; } = JobPhase.Submitted;

    /// <summary>The chunks, once the video is known.</summary>
    public ImmutableArray<Chunk> Chunks { get; init; } = [];

    /// <summary>Indices of the chunks that are encoded.</summary>
    public ImmutableHashSet<int> Encoded { get; init; } = [];

    /// <summary>Samples that could not be decoded and that the job goes on without.</summary>
    public int MissingSamples { get; init; }

    /// <summary>Why it failed, if it did.</summary>
    public JobFault? Fault { get; init; }

    /// <summary>Whether nothing more can happen.</summary>
    public bool IsOver => Phase is JobPhase.Completed or JobPhase.Failed or JobPhase.Cancelled;
}
