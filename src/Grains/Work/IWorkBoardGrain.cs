namespace HieraVid.Grains;

/// <summary>
/// The cluster's work: jobs offer it, free workers take it under a lease, and what a worker does not come back with in time
/// is given to another. It holds nothing that cannot be offered again, so it may be lost at any time.
/// </summary>
public interface IWorkBoardGrain : IGrainWithIntegerKey
{
    /// <summary>Offers all that is to be done for a job now; what is known of it already stays as it is.</summary>
    /// <param name="job">The job.</param>
    /// <param name="priority">Higher goes first.</param>
    /// <param name="items">The work.</param>
    /// <returns>False where the job is over, as far as the board knows.</returns>
    Task<bool> Offer(string job, int priority, List<WorkItem> items);

    /// <summary>Takes a job's work back; whoever is at it, or holds tokens of it, is told to stop.</summary>
    Task Withdraw(string job);

    /// <summary>Takes work. Waits some seconds for it.</summary>
    /// <param name="role">What the worker does.</param>
    /// <param name="worker">Its key.</param>
    /// <param name="cancellation">The worker stops.</param>
    /// <returns>Null where there is none.</returns>
    Task<WorkItem?> Take(Roles role, string worker, CancellationToken cancellation);

    /// <summary>Says that a worker is still at it.</summary>
    /// <returns>False if it is to stop: the job is over, or another has the work.</returns>
    Task<bool> Renew(WorkItem item, string worker);

    /// <summary>Says that the work is done, and the job knows.</summary>
    Task Complete(WorkItem item, string worker);

    /// <summary>Hands work back.</summary>
    /// <param name="item">The work.</param>
    /// <param name="worker">Who had it.</param>
    /// <param name="reason">What went wrong, or empty where the worker merely stops.</param>
    Task HandBack(WorkItem item, string worker, string reason);

    /// <summary>Hands work back that cannot be done yet, through nobody's fault: it is given again some seconds later.</summary>
    /// <param name="item">The work.</param>
    /// <param name="worker">Who had it.</param>
    Task Postpone(WorkItem item, string worker);

    /// <summary>What it holds and what it saw.</summary>
    Task<BoardStatus> Status();
}

/// <summary>What the board holds and what it saw since it came up.</summary>
/// <param name="Waiting">Work that waits, by kind.</param>
/// <param name="Leased">Work that is being done, by kind.</param>
/// <param name="Completed">Work that was done, by kind.</param>
/// <param name="Expired">Leases that ran out.</param>
[GenerateSerializer, Immutable]
public sealed record BoardStatus(
    Dictionary<WorkKind, int> Waiting, Dictionary<WorkKind, int> Leased, Dictionary<WorkKind, int> Completed, int Expired);
