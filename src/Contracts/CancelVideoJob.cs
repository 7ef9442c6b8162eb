namespace HieraVid.Contracts;

/// <summary>
/// Ends a job. Sent to a queue of its own, so that it does not wait behind submitted jobs. One for a job that is over, or
/// that nobody knows, does nothing.
/// </summary>
public sealed record CancelVideoJob
{
    /// <summary>The job's id.</summary>
    public required Guid JobId { get; init; }

    /// <summary>Why, for whoever watches the job.</summary>
    public string Reason { get; init; } = "";
}
