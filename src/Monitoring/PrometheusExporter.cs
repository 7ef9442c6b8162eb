using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace HieraVid.Monitoring;

/// <summary>
/// All meters of HieraVid as text that Prometheus reads: what was measured since this was made. It holds a bounded number of
/// series, so that no label can fill the memory.
/// </summary>
public sealed class PrometheusExporter : IDisposable
{
    /// <summary>The media type of the text.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>The upper bounds of histograms, in seconds: from a grain call to an hour-long job.</summary>
    internal static readonly double[] Bounds =
        [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];

    private const int MaxSeries = 2000;

    private readonly Lock _lock = new();
    private readonly MeterListener _listener = new();
    private readonly SortedDictionary<string, Dictionary<string, Series>> _families = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Instrument> _instruments = [];
    private int _count;
    private long _dropped;

    /// <summary>Begins to listen.</summary>
    /// <param name="prefix">With which the names of the meters begin that are exported.</param>
    public PrometheusExporter(string prefix = ClusterMetrics.Prefix)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name.StartsWith(prefix, StringComparison.Ordinal))
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<float>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>The text, as it is now.</summary>
    public string Read()
    {
        lock (_lock)
        {
            // What is observed anew may have fewer labels than before.
            foreach (var (name, instrument) in _instruments)
            {
                if (instrument.IsObservable && _families.TryGetValue(name, out var family))
                {
                    _count -= family.Count;
                    family.Clear();
                }
            }
            _listener.RecordObservableInstruments();
            var text = new StringBuilder();
            foreach (var (name, family) in _families.Where(family => family.Value.Count > 0))
                Write(text, name, _instruments[name], family);
            text.Append(CultureInfo.InvariantCulture, $"# TYPE hieravid_metrics_dropped_total counter\nhieravid_metrics_dropped_total {_dropped}\n");
            return text.ToString();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var name = NameOf(instrument);
        var labels = Labels(tags);
        lock (_lock)
        {
            _instruments.TryAdd(name, instrument);
            if (!_families.TryGetValue(name, out var family))
                _families[name] = family = new(StringComparer.Ordinal);
            if (!family.TryGetValue(labels, out var series))
            {
                if (_count == MaxSeries)
                {
                    _dropped++;
                    return;
                }
                _count++;
                family[labels] = series = new Series();
            }
            if (IsHistogram(instrument))
                series.Observe(value);
            else if (instrument.IsObservable || instrument.GetType().GetGenericTypeDefinition() == typeof(Gauge<>))
                series.Value = value;
            else
                series.Value += value;
        }
    }

    private static void Write(StringBuilder text, string name, Instrument instrument, Dictionary<string, Series> family)
    {
        if (!string.IsNullOrEmpty(instrument.Description))
            text.Append("# HELP ").Append(name).Append(' ').Append(instrument.Description.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal)).Append('\n');
        text.Append("# TYPE ").Append(name).Append(' ').Append(TypeOf(instrument)).Append('\n');
        foreach (var (labels, series) in family.OrderBy(series => series.Key, StringComparer.Ordinal))
        {
            if (!IsHistogram(instrument))
            {
                Line(text, name, labels, series.Value);
                continue;
            }
            long below = 0;
            for (var i = 0; i <= Bounds.Length; i++)
            {
                below += series.Buckets[i];
                var bound = i == Bounds.Length ? "+Inf" : Bounds[i].ToString(CultureInfo.InvariantCulture);
                Line(text, name + "_bucket", (labels.Length == 0 ? "" : labels + ",") + $"le=\"{bound}\"", below);
            }
            Line(text, name + "_sum", labels, series.Value);
            Line(text, name + "_count", labels, below);
        }
    }

    private static void Line(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0)
            text.Append('{').Append(labels).Append('}');
        text.Append(CultureInfo.InvariantCulture, $" {value}\n");
    }

    // The unit belongs to the name, and a counter's ends in _total.
    private static string NameOf(Instrument instrument)
    {
        var name = Sound(instrument.Name);
        var unit = instrument.Unit switch { "s" => "_seconds", "By" => "_bytes", "%" => "_percent", _ => "" };
        if (!name.EndsWith(unit, StringComparison.Ordinal))
            name += unit;
        return TypeOf(instrument) == "counter" ? name + "_total" : name;
    }

    private static string Sound(string name) => string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
            return "";
        var labels = new List<string>(tags.Length);
        foreach (var (key, value) in tags)
        {
            var text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
            labels.Add($"{Sound(key)}=\"{text.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal)}\"");
        }
        labels.Sort(StringComparer.Ordinal);
        return string.Join(',', labels);
    }

    private static bool IsHistogram(Instrument instrument) => instrument.GetType().GetGenericTypeDefinition() == typeof(Histogram<>);

    private static string TypeOf(Instrument instrument)
    {
        var type = instrument.GetType().GetGenericTypeDefinition();
        return type == typeof(Histogram<>) ? "histogram"
            : type == typeof(Counter<>) || type == typeof(ObservableCounter<>) ? "counter"
            : "gauge";
    }

    private sealed class Series
    {
        internal double Value { get; set; }

        internal long[] Buckets { get; } = new long[Bounds.Length + 1];

        internal void Observe(double value)
        {
            var bucket = Array.FindIndex(Bounds, bound => value <= bound);
            Buckets[bucket < 0 ? Bounds.Length : bucket]++;
            Value += value;
        }
    }
}
