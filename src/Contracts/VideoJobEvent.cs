namespace HieraVid.Contracts;

/// <summary>
/// What the cluster says of a job. Published, so that any number may listen. An event may come twice, and late ones after
/// newer ones: <see cref="Sequence"/> tells, and <see cref="VideoJobReader"/> puts them in order.
/// </summary>
public abstract record VideoJobEvent
{
    /// <summary>The job's id.</summary>
    public required Guid JobId { get; init; }

    /// <summary>Counts the events of a job upwards, with gaps.</summary>
    public long Sequence { get; init; }

    /// <summary>When it happened, by the cluster's clock.</summary>
    public DateTimeOffset At { get; init; }
}

/// <summary>The job was written down: it will come to an end whatever happens to the process that took it.</summary>
public sealed record VideoJobAccepted : VideoJobEvent;

/// <summary>The cluster was asked for a job that it does not know: it never came, or waits in the queue yet.</summary>
public sealed record VideoJobUnknown : VideoJobEvent;

/// <summary>How far a job is. Some may be left out; the last one of a stage says that it is done.</summary>
public sealed record VideoJobProgress : VideoJobEvent
{
    /// <summary>The stage: probe, decode, encode, prune, prefill or generate.</summary>
    public required string Stage { get; init; }

    /// <summary>Units done: chunks of the video, pieces of the plan, layers or tokens.</summary>
    public int Done { get; init; }

    /// <summary>Units in all; while the answer is written, the most there can be.</summary>
    public int Total { get; init; }

    /// <summary>A fact worth a line, or empty.</summary>
    public string Note { get; init; } = "";

    /// <summary>The next piece of the answer, or empty.</summary>
    public string Text { get; init; } = "";

    /// <summary>Characters of the answer before <see cref="Text"/>: a reader that lacks some knows it.</summary>
    public int TextStart { get; init; }
}

/// <summary>The job is answered. With <see cref="VideoJobFailed"/> one of the two events that end a job.</summary>
public sealed record VideoJobCompleted : VideoJobEvent
{
    /// <summary>The answer, whole.</summary>
    public required string Answer { get; init; }

    /// <summary><c>stop</c> (the model ended it) or <c>length</c> (the token limit did).</summary>
    public required string Finish { get; init; }

    /// <summary>Where the full report is in the cluster's store (JSON); empty if there is none.</summary>
    public string Result { get; init; } = "";

    /// <summary>Seconds from acceptance to the end.</summary>
    public double Seconds { get; init; }
}

/// <summary>The job ended without an answer.</summary>
public sealed record VideoJobFailed : VideoJobEvent
{
    /// <summary>One sentence that a user can act on.</summary>
    public required string Reason { get; init; }

    /// <summary>What kind of end it is.</summary>
    public JobFailure Failure { get; init; }
}

/// <summary>Why a job ended without an answer.</summary>
public enum JobFailure
{
    /// <summary>Something in the cluster broke.</summary>
    Internal = 0,

    /// <summary>What was asked for cannot be done: the user's mistake.</summary>
    Refused = 1,

    /// <summary>Somebody cancelled it.</summary>
    Cancelled = 2,
}
