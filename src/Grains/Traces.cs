using System.Diagnostics;

namespace HieraVid.Grains;

/// <summary>
/// The cluster's spans. Work is pulled, not called, so the trace goes along with the job: whoever submits it begins the
/// trace, its acceptance is a span of it, and every piece of work on any silo is a child of that.
/// </summary>
public static class Traces
{
    /// <summary>The source's name, for those who listen.</summary>
    public const string SourceName = "HieraVid.Cluster";

    private static readonly ActivitySource s_source = new(SourceName);

    /// <summary>A span of a job.</summary>
    /// <param name="name">What is done.</param>
    /// <param name="job">For which job.</param>
    /// <param name="parent">A W3C traceparent; what is none begins a trace of its own.</param>
    /// <returns>Null where nobody listens.</returns>
    internal static Activity? Start(string name, string job, string parent)
    {
        _ = ActivityContext.TryParse(parent, null, isRemote: true, out var context);
        return s_source.StartActivity(name, ActivityKind.Consumer, context)?.SetTag("hieravid.job", job);
    }

    /// <summary>A span of a piece of work.</summary>
    internal static Activity? Start(WorkItem item, string worker)
    {
        var span = Start($"{item.Kind}".ToLowerInvariant(), item.Job, item.Trace)?.SetTag("hieravid.worker", worker);
        return item.Kind switch
        {
            WorkKind.Decode or WorkKind.Encode or WorkKind.Summarise => span?.SetTag("hieravid.chunk", item.Index),
            WorkKind.Apply => span?.SetTag("hieravid.piece", item.Index),
            _ => span,
        };
    }
}
