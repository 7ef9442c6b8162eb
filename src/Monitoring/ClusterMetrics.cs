using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace HieraVid.Monitoring;

/// <summary>
/// What a silo counts beyond what its grains count themselves, and the names of all meters and activity sources. Every name
/// of HieraVid's begins with <see cref="Prefix"/>.
/// </summary>
public sealed class ClusterMetrics : IDisposable
{
    /// <summary>With which the names of meters and activity sources begin.</summary>
    public const string Prefix = "HieraVid";

    /// <summary>The meter's name.</summary>
    public const string MeterName = Prefix + ".Silo";

    /// <summary>Spans of a job in its grains.</summary>
    public static readonly ActivitySource Jobs = new(Prefix + ".Jobs");

    /// <summary>The activity sources whose spans together make a job's trace: its grains', Orleans', MassTransit's.</summary>
    public static readonly IReadOnlyList<string> ActivitySources =
        [Prefix + ".Jobs", "Microsoft.Orleans.Application", "Microsoft.Orleans.Runtime", "MassTransit"];

    private readonly Meter _meter = new(MeterName);
    private readonly Histogram<double> _wait, _stage;
    private readonly Counter<long> _tokens;

    /// <summary>Begins to count.</summary>
    /// <param name="jobsByState">The jobs that this silo holds, by the name of their state.</param>
    /// <param name="storeBytes">What the token store holds; asked when metrics are read, so it is to be quick.</param>
    public ClusterMetrics(Func<IReadOnlyDictionary<string, int>> jobsByState, Func<long> storeBytes)
    {
        _wait = _meter.CreateHistogram<double>("hieravid.queue.wait", "s", "Time from a job's submission to its first piece of work.");
        _stage = _meter.CreateHistogram<double>("hieravid.stage.time", "s", "Time of a job's stage.");
        _tokens = _meter.CreateCounter<long>("hieravid.tokens", description: "Visual tokens that went into a level of pruning and came out of it.");
        _meter.CreateObservableGauge("hieravid.jobs",
            () => jobsByState().Select(state => new Measurement<int>(state.Value, Tag("state", state.Key))), description: "Jobs by state.");
        _meter.CreateObservableGauge("hieravid.store.size", storeBytes, "By", "What the token store holds.");
    }

    /// <summary>A job's first piece of work was begun.</summary>
    public void Waited(TimeSpan sinceSubmission) => _wait.Record(Math.Max(0, sinceSubmission.TotalSeconds));

    /// <summary>A stage is done.</summary>
    /// <param name="stage">Probe, decode, encode, prune, prefill or generate.</param>
    /// <param name="time">How long it took.</param>
    public void StageTook(string stage, TimeSpan time) => _stage.Record(time.TotalSeconds, Tag("stage", stage));

    /// <summary>A level pruned.</summary>
    /// <param name="level">Merge for the input, or the layer.</param>
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
