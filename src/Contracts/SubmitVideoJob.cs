namespace HieraVid.Contracts;

/// <summary>
/// Asks a question about a video. Sent to the queue; whoever sends it makes up the id, and may send it again with the same
/// id as often as it likes: that stays one job.
/// </summary>
/// <remarks>
/// How the messages of this assembly change: members are only added, never renamed or given another meaning, and a new one
/// has a default that means what was meant before it. Readers ignore members that they do not know. What cannot be said
/// so gets a new message.
/// </remarks>
public sealed record SubmitVideoJob
{
    /// <summary>The job's id.</summary>
    public required Guid JobId { get; init; }

    /// <summary>
    /// The video: <c>store:NAME</c> for one that was uploaded to the cluster's store, or an <c>https</c> address that the
    /// cluster's rules let through.
    /// </summary>
    public required string Source { get; init; }

    /// <summary>The question, in the user's words.</summary>
    public required string Question { get; init; }

    /// <summary>This many evenly spaced frames; null with <see cref="Fps"/> null is the cluster's default.</summary>
    public int? Frames { get; init; }

    /// <summary>This many frames per second; not together with <see cref="Frames"/>.</summary>
    public double? Fps { get; init; }

    /// <summary>The pruning method; null is HieraVid.</summary>
    public string? Method { get; init; }

    /// <summary>Mean share of the visual tokens that a layer sees, in (0, 1].</summary>
    public double Budget { get; init; } = 0.3;

    /// <summary>Options of the method by name; the others keep their defaults.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>At most this many tokens of answer.</summary>
    public int MaxTokens { get; init; } = 256;

    /// <summary>0 is greedy.</summary>
    public double Temperature { get; init; }

    /// <summary>Share of the probability that is drawn from; 1 is all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Null takes the checkpoint's; 1 is off.</summary>
    public double? RepetitionPenalty { get; init; }

    /// <summary>The same seed gives the same answer.</summary>
    public int Seed { get; init; }

    /// <summary>Most sampled frames in a chunk, the unit of work; 1 to 64.</summary>
    public int ChunkFrames { get; init; } = 64;

    /// <summary>Whether a video that breaks off is answered from what could be decoded.</summary>
    public bool AllowPartial { get; init; }

    /// <summary>Which jobs are taken first.</summary>
    public JobPriority Priority { get; init; } = JobPriority.Normal;

    /// <summary>When it was sent, by the sender's clock.</summary>
    public DateTimeOffset SubmittedAt { get; init; }

    /// <summary>The sender's span as a W3C traceparent, which all spans of the job descend from; empty for none.</summary>
    public string Trace { get; init; } = "";
}

/// <summary>Which jobs are taken first from the queue; those of one priority come in the order in which they were sent.</summary>
public enum JobPriority
{
    /// <summary>When nothing else waits.</summary>
    Low = 0,

    /// <summary>As they come.</summary>
    Normal = 1,

    /// <summary>Before the others.</summary>
    High = 2,
}
