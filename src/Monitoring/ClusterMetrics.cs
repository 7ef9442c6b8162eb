using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace HieraVid.Monitoring;

/// <summary>
/// What a silo knows of the whole cluster, beside what grains and queue count themselves, and the names of all activity
/// sources. Every meter's name begins with <see cref="Prefix"/>.
/// </summary>
public sealed class ClusterMetrics : IDisposable
{
    /// <summary>With which the names of meters and activity sources begin.</summary>
    public const string Prefix = "HieraVid";

    /// <summary>Spans of a job in its grains.</summary>
    public static readonly ActivitySource Jobs = new(Prefix + ".Jobs");

    /// <summary>The activity sources whose spans together make a job's trace: its grains', Orleans', MassTransit's.</summary>
    public static readonly IReadOnlyList<string> ActivitySources =
        [Prefix + ".Jobs", "Microsoft.Orleans.Application", "Microsoft.Orleans.Runtime", "MassTransit"];

    private readonly Meter _meter = new(Prefix + ".Silo");
    private readonly Counter<long> _tokens;

    /// <summary>Begins to count.</summary>
    /// <param name="read">What was last seen of the cluster; null where this silo does not look.</param>
    public ClusterMetrics(Func<ClusterSnapshot?> read)
    {
        _tokens = _meter.CreateCounter<long>("hieravid.tokens", description: "Visual tokens that went into a level of pruning and came out of it.");
        Gauge("hieravid.jobs", "state", snapshot => snapshot.Jobs, "Jobs by state, of the newest ones.");
        Gauge("hieravid.work.waiting", "kind", snapshot => snapshot.Waiting, "Work that waits for a worker.");
        Gauge("hieravid.work.leased", "kind", snapshot => snapshot.Leased, "Work that a worker is at.");
        _meter.CreateObservableGauge("hieravid.store.size", () => Of<long>(snapshot => [new Measurement<long>(snapshot.StoreBytes)]), "By", "What the store holds.");

        void Gauge(string name, string label, Func<ClusterSnapshot, IReadOnlyDictionary<string, int>> part, string description) =>
            _meter.CreateObservableGauge(name, () => Of<int>(snapshot => part(snapshot).Select(one => new Measurement<int>(one.Value, Tag(label, one.Key)))), description: description);

        IEnumerable<Measurement<T>> Of<T>(Func<ClusterSnapshot, IEnumerable<Measurement<T>>> part) where T : struct =>
            read() is { } snapshot ? part(snapshot) : [];
    }

    /// <summary>A level pruned.</summary>
    /// <param name="level"><c>input</c>, or <c>layer-N</c>.</param>
    /// <param name="entered">Tokens that went in.</param>
    /// <param name="left">Tokens that came out.</param>
    public void Pruned(string level, long entered, long left)
    {
        _tokens.Add(entered, Tag("level", level), Tag("direction", "in"));
        _tokens.Add(left, Tag("level", level), Tag("direction", "out"));
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}

/// <summary>The cluster at one time.</summary>
/// <param name="Jobs">Jobs by state.</param>
/// <param name="Waiting">Work that waits, by kind.</param>
/// <param name="Leased">Work that is being done, by kind.</param>
/// <param name="StoreBytes">What the store holds.</param>
public sealed record ClusterSnapshot(
    IReadOnlyDictionary<string, int> Jobs, IReadOnlyDictionary<string, int> Waiting, IReadOnlyDictionary<string, int> Leased, long StoreBytes);
