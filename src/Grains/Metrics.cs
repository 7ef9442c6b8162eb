using System.Diagnostics.Metrics;

namespace HieraVid.Grains;

/// <summary>The cluster's instruments, under the meter <c>HieraVid.Cluster</c>.</summary>
public static class Metrics
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "HieraVid.Cluster";

    private static readonly Meter s_meter = new(MeterName);
    private static readonly Counter<long> s_done = s_meter.CreateCounter<long>("hieravid.work.done", description: "Pieces of work done, by kind.");
    private static readonly Counter<long> s_expired = s_meter.CreateCounter<long>("hieravid.leases.expired", description: "Leases that ran out.");
    private static readonly Counter<long> s_ended = s_meter.CreateCounter<long>("hieravid.jobs.ended", description: "Jobs that ended, by outcome.");
    private static readonly Histogram<double> s_seconds = s_meter.CreateHistogram<double>("hieravid.work.seconds", "s", "Time at a piece of work, by kind.");

    internal static void WorkDone(WorkKind kind) => s_done.Add(1, new KeyValuePair<string, object?>("kind", $"{kind}"));

    internal static void WorkTook(WorkKind kind, TimeSpan time) => s_seconds.Record(time.TotalSeconds, new KeyValuePair<string, object?>("kind", $"{kind}"));

    internal static void LeasesExpired(int count) => s_expired.Add(count);

    internal static void JobEnded(string outcome) => s_ended.Add(1, new KeyValuePair<string, object?>("outcome", outcome));
}
