using System.Collections.Immutable;
using HieraVid.Pruning;

namespace HieraVid.Pipeline.Jobs;

/// <summary>Where a job stands.</summary>
public enum JobPhase
{
    /// <summary>Nothing has happened yet.</summary>
    Submitted,

    /// <summary>The video is being looked at.</summary>
    Probing,

    /// <summary>Chunks are being decoded, encoded and summarised.</summary>
    Encoding,

    /// <summary>What to keep of the whole video is being decided.</summary>
    Planning,

    /// <summary>The plan is being applied to the pieces.</summary>
    Applying,

    /// <summary>The prompt runs through the decoder, and the answer is being written.</summary>
    Answering,

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

    /// <summary>The chunks that are encoded, by index, with the number of their samples that could be decoded.</summary>
    public ImmutableSortedDictionary<int, int> Encoded { get; init; } = ImmutableSortedDictionary<int, int>.Empty;

    /// <summary>Indices of the chunks that are summarised.</summary>
    public ImmutableHashSet<int> Summarised { get; init; } = [];

    /// <summary>The pieces of the plan, once it is made.</summary>
    public ImmutableArray<FrameRange> Pieces { get; init; } = [];

    /// <summary>Indices of the pieces to which the plan is applied.</summary>
    public ImmutableHashSet<int> Applied { get; init; } = [];

    /// <summary>Why it failed, if it did.</summary>
    public JobFault? Fault { get; init; }

    /// <summary>Whether nothing more can happen.</summary>
    public bool IsOver => Phase is JobPhase.Completed or JobPhase.Failed or JobPhase.Cancelled;

    /// <summary>Samples that could not be decoded and that the job goes on without.</summary>
    public int MissingSamples => Encoded.Sum(chunk => Chunks[chunk.Key].Count - chunk.Value);
}
