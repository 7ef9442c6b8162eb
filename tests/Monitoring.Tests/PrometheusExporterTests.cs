using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace HieraVid.Monitoring.Tests;

/// <summary>The text that Prometheus reads.</summary>
public sealed partial class PrometheusExporterTests : IDisposable
{
    // Meters are global to the process: each test has its own.
    private readonly string _name = $"HieraVid.Test{Guid.NewGuid():N}";
    private readonly Meter _meter;
    private readonly PrometheusExporter _exporter;

    public PrometheusExporterTests() => (_meter, _exporter) = (new Meter(_name), new PrometheusExporter(_name));

    public void Dispose()
    {
        _exporter.Dispose();
        _meter.Dispose();
    }

    [Fact]
    public void Counters_add_up_by_label_under_the_names_that_Prometheus_expects()
    {
        var counter = _meter.CreateCounter<long>("hieravid.leases.expired", description: "Leases that ran out.");
        counter.Add(1, new KeyValuePair<string, object?>("kind", "encode"));
        counter.Add(2, new KeyValuePair<string, object?>("kind", "encode"));
        counter.Add(4, new KeyValuePair<string, object?>("kind", "a \"b\"\\\n"));
        var text = _exporter.Read();
        Assert.Contains("# HELP hieravid_leases_expired_total Leases that ran out.\n# TYPE hieravid_leases_expired_total counter\n", text, StringComparison.Ordinal);
        Assert.Contains("hieravid_leases_expired_total{kind=\"encode\"} 3\n", text, StringComparison.Ordinal);
        Assert.Contains("""hieravid_leases_expired_total{kind="a \"b\"\\\n"} 4""", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_histogram_s_buckets_hold_all_that_is_below_them()
    {
        var histogram = _meter.CreateHistogram<double>("hieravid.work.seconds", "s");
        foreach (var seconds in new[] { 0.001, 0.005, 0.3, 2, 10_000 })
            histogram.Record(seconds);
        var text = _exporter.Read();
        Assert.Contains("hieravid_work_seconds_bucket{le=\"0.005\"} 2\n", text, StringComparison.Ordinal);
        Assert.Contains("hieravid_work_seconds_bucket{le=\"0.5\"} 3\n", text, StringComparison.Ordinal);
        Assert.Contains("hieravid_work_seconds_bucket{le=\"3600\"} 4\n", text, StringComparison.Ordinal);
        Assert.Contains("hieravid_work_seconds_bucket{le=\"+Inf\"} 5\n", text, StringComparison.Ordinal);
        Assert.Contains("hieravid_work_seconds_sum 10002.306\n", text, StringComparison.Ordinal);
        Assert.Contains("hieravid_work_seconds_count 5\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_observed_is_as_it_is_now()
    {
        var states = new Dictionary<string, int> { ["encoding"] = 2, ["waiting"] = 1 };
        _meter.CreateObservableGauge("hieravid.jobs", () => states.Select(state => new Measurement<int>(state.Value, new KeyValuePair<string, object?>("state", state.Key))));
        Assert.Contains("hieravid_jobs{state=\"waiting\"} 1\n", _exporter.Read(), StringComparison.Ordinal);
        states.Remove("waiting");
        states["encoding"] = 3;
        var text = _exporter.Read();
        Assert.Contains("# TYPE hieravid_jobs gauge\nhieravid_jobs{state=\"encoding\"} 3\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("waiting", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_without_end_do_not_fill_the_memory()
    {
        var counter = _meter.CreateCounter<int>("many");
        for (var i = 0; i < 3000; i++)
            counter.Add(1, new KeyValuePair<string, object?>("job", i));
        var text = _exporter.Read();
        Assert.Equal(2000, text.Split('\n').Count(line => line.StartsWith("many_total{", StringComparison.Ordinal)));
        Assert.Contains("hieravid_metrics_dropped_total 1000\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_line_is_of_the_format_also_of_the_silo_s_own_instruments()
    {
        using var all = new PrometheusExporter();
        using var metrics = new ClusterMetrics(() => new ClusterSnapshot(
            new Dictionary<string, int> { ["encoding"] = 1 }, new Dictionary<string, int> { ["Encode"] = 5 }, new Dictionary<string, int>(), 123));
        using var gpus = new GpuMetrics();
        metrics.Pruned("input", 6272, 1800);
        var text = all.Read();
        Assert.All(text.TrimEnd('\n').Split('\n'), line => Assert.Matches(Format(), line));
        foreach (var expected in new[]
        {
            "hieravid_jobs{state=\"encoding\"} 1", "hieravid_store_size_bytes 123", "hieravid_work_waiting{kind=\"Encode\"} 5",
            "hieravid_tokens_total{direction=\"in\",level=\"input\"} 6272", "hieravid_tokens_total{direction=\"out\",level=\"input\"} 1800",
        })
            Assert.Contains(expected + "\n", text, StringComparison.Ordinal);
        Assert.Equal(gpus.Devices, text.Split('\n').Count(line => line.StartsWith("hieravid_gpu_memory_size_bytes{", StringComparison.Ordinal)));
    }

    [Fact]
    public void Numbers_are_written_the_same_in_every_country()
    {
        var before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = new CultureInfo("de-DE");
        _meter.CreateHistogram<double>("x").Record(0.5);
        Assert.Contains("x_sum 0.5\n", _exporter.Read(), StringComparison.Ordinal);
        CultureInfo.CurrentCulture = before;
    }

    [GeneratedRegex("""^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? (-?[0-9.]+(E[+-][0-9]+)?|\+Inf))$""")]
    private static partial Regex Format();
}
