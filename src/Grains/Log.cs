using Microsoft.Extensions.Logging;

namespace HieraVid.Grains;

/// <summary>What the cluster's grains say.</summary>
internal static partial class Log
{
    private static readonly Func<ILogger, string, WorkKind, int, IDisposable?> s_work = LoggerMessage.DefineScope<string, WorkKind, int>("{Job} {Kind} {Index}");

    private static readonly Func<ILogger, string, IDisposable?> s_job = LoggerMessage.DefineScope<string>("{Job}");

    /// <summary>Names the job in all that is said within.</summary>
    internal static IDisposable? Job(this ILogger log, string job) => s_job(log, job);

    /// <summary>Names the work in all that is said within.</summary>
    internal static IDisposable? Work(this ILogger log, WorkItem item) => s_work(log, item.Job, item.Kind, item.Index);

    [LoggerMessage(LogLevel.Information, "Job {job} was accepted")]
    internal static partial void Accepted(this ILogger log, string job);

    [LoggerMessage(LogLevel.Information, "Job {job} is {phase}")]
    internal static partial void Ended(this ILogger log, string job, string phase);

    [LoggerMessage(LogLevel.Warning, "Job {job} was ended by a silo that was taken for dead; it is read anew")]
    internal static partial void Overtaken(this ILogger log, string job);

    [LoggerMessage(LogLevel.Warning, "{count} leases ran out, the work is given to others: {work}")]
    internal static partial void Expired(this ILogger log, int count, string work);

    [LoggerMessage(LogLevel.Warning, "{worker} could not reach the cluster: {reason}")]
    internal static partial void OutOfReach(this ILogger log, string worker, string reason);

    [LoggerMessage(LogLevel.Warning, "The lease of {item} could not be renewed: {reason}")]
    internal static partial void NotRenewed(this ILogger log, WorkItem item, string reason);

    [LoggerMessage(LogLevel.Information, "{item} was stopped")]
    internal static partial void Stopped(this ILogger log, WorkItem item);

    [LoggerMessage(LogLevel.Warning, "{item} failed and is tried again")]
    internal static partial void TriedAgain(this ILogger log, Exception cause, WorkItem item);

    [LoggerMessage(LogLevel.Information, "Silo {silo} ({roles}) has {count} workers")]
    internal static partial void Workers(this ILogger log, string silo, Roles roles, int count);
}
