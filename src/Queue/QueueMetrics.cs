using System.Diagnostics.Metrics;

namespace HieraVid.Queue;

/// <summary>The queue's instruments, under the meter <c>HieraVid.Queue</c>.</summary>
internal static class QueueMetrics
{
    private static readonly Meter s_meter = new("HieraVid.Queue");
    private static readonly Histogram<double> s_wait = s_meter.CreateHistogram<double>("hieravid.queue.wait", "s", "Time from a job's sending to its acceptance, by the sender's clock.");

    /// <summary>A job was taken; one that does not say when it was sent is not counted.</summary>
    internal static void Waited(DateTimeOffset submitted, DateTimeOffset now)
    {
        if (submitted != default)
            s_wait.Record(Math.Max(0, (now - submitted).TotalSeconds));
    }
}
