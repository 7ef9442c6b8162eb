using System.Diagnostics.Metrics;

namespace HieraVid.Silo;

/// <summary>What a silo knows of the whole cluster, beside what grains and queue count themselves.</summary>
internal sealed class ClusterMetrics : IDisposable
{
    private readonly Meter _meter = new("HieraVid.Silo");
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
            _meter.CreateObservableGauge(
                name, () => Of<int>(snapshot => part(snapshot).Select(one => new Measurement<int>(one.Value, Tag(label, one.Key)))), description: description);

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

/// <summary>
/// The cluster at one time: every state and kind, also those that count none. A label that went away would stand on the page
/// as it was last.
/// </summary>
/// <param name="Jobs">Jobs by state.</param>
/// <param name="Waiting">Work that waits, by kind.</param>
/// <param name="Leased">Work that is being done, by kind.</param>
/// <param name="StoreBytes">What the store holds.</param>
internal sealed record ClusterSnapshot(
    IReadOnlyDictionary<string, int> Jobs, IReadOnlyDictionary<string, int> Waiting, IReadOnlyDictionary<string, int> Leased, long StoreBytes);
