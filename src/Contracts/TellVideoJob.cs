namespace HieraVid.Contracts;

/// <summary>
/// Asks where a job stands: the cluster says it again to all who watch the job, with the answer as far as it is written, or
/// with the event that ended it. So one may begin to watch at any time. Sent to a queue of its own.
/// </summary>
public sealed record TellVideoJob
{
    /// <summary>The job's id.</summary>
    public required Guid JobId { get; init; }
}
