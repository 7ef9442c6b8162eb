using System.Diagnostics;
using System.Net.Http.Headers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace HieraVid.Silo.Tests;

/// <summary>What those who watch a cluster get of it.</summary>
public sealed class TelemetryTests
{
    // What the chart's scaler, dashboards and alerts ask for; the GPUs' are there where there is one.
    private static readonly string[] s_names =
    [
        "hieravid_jobs", "hieravid_jobs_ended_total", "hieravid_leases_expired_total", "hieravid_queue_wait_seconds",
        "hieravid_store_size_bytes", "hieravid_tokens_total", "hieravid_work_done_total", "hieravid_work_leased", "hieravid_work_seconds", "hieravid_work_waiting",
    ];

    [Fact]
    public async Task The_page_for_Prometheus_has_the_names_that_are_asked_for_and_promtool_has_no_objection()
    {
        await using var cluster = await ProcessCluster.CreateAsync();
        await cluster.StartAsync("edge", "all");
        await AnswerAsync(cluster);
        var text = "";
        // The cluster is looked at every 15 s.
        await cluster.UntilAsync(
            async () => (text = await PageAsync(cluster)).Contains("hieravid_jobs{state=\"completed\"} 1", StringComparison.Ordinal),
            "the page has the cluster's job");

        var types = text.Split('\n').Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal))
            .Select(line => line.Split(' ')[2]).ToList();
        // No lease ran out, and the job came over HTTP: what has not happened yet is not there.
        Assert.Equal([], s_names.Except(types).Except(["hieravid_leases_expired_total", "hieravid_queue_wait_seconds"]));
        var own = types.Where(name => name.StartsWith("hieravid_", StringComparison.Ordinal) && !name.StartsWith("hieravid_gpu_", StringComparison.Ordinal));
        Assert.Equal([], own.Except(s_names));
        Assert.Matches("""(?m)^hieravid_jobs\{state="completed"\} 1\b""", text);
        Assert.Matches("""(?m)^hieravid_jobs\{state="encoding"\} 0\b""", text);
        Assert.Matches("""(?m)^hieravid_work_waiting\{kind="Encode"\} 0\b""", text);
        Assert.Matches("""(?m)^hieravid_work_seconds_bucket\{kind="Encode",le="3600"\} \d+""", text);
        Assert.Matches("""(?m)^hieravid_tokens_total\{direction="in",level="input"\} \d+""", text);
        await CheckAsync(text);
    }

    [Fact]
    public async Task Metrics_a_job_s_trace_and_logs_go_to_the_collector_that_is_named()
    {
        await using var collector = await Collector.StartAsync();
        await using var cluster = await ProcessCluster.CreateAsync();
        await cluster.StartAsync("edge", "all", new Dictionary<string, string>
        {
            [Telemetry.Endpoint] = collector.Address,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "500",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
            ["OTEL_BLRP_SCHEDULE_DELAY"] = "200",
        });
        var (trace, parent) = (ActivityTraceId.CreateRandom().ToHexString(), ActivitySpanId.CreateRandom().ToHexString());
        var id = await AnswerAsync(cluster, $"00-{trace}-{parent}-01");
        string[] stages = ["accept", "answer", "apply", "cut", "decode", "encode", "end", "plan", "probe", "summarise"];
        await cluster.UntilAsync(
            () => !stages.Except(collector.Spans.Where(span => span.Trace == trace).Select(span => span.Name)).Any(), "all spans of the job have come");
        await cluster.UntilAsync(() => collector.Logs.Any(log => log == $"Job {id:N} was accepted"), "the log of the job has come");
        await cluster.UntilAsync(() => collector.Metrics.Contains("hieravid.work.done"), "the metrics have come");
        Assert.Equal(parent, collector.Spans.Single(span => span.Name == "accept" && span.Trace == trace).Parent);
    }

    [Fact]
    public void Nothing_is_exported_to_a_collector_that_is_not_named()
    {
        using var quiet = Services(null);
        Assert.NotNull(quiet.GetService<MeterProvider>());
        Assert.Null(quiet.GetService<TracerProvider>());
        Assert.Null(quiet.GetService<LoggerProvider>());
        using var told = Services("http://127.0.0.1:4317");
        Assert.NotNull(told.GetService<TracerProvider>());
        Assert.NotNull(told.GetService<LoggerProvider>());
    }

    [Theory]
    [InlineData("collector:4317")]
    [InlineData("amqp://collector")]
    public void An_address_that_is_none_is_refused(string address) =>
        Assert.Contains(Telemetry.Endpoint, Assert.Throws<SettingsException>(() => Services(address).Dispose()).Message, StringComparison.Ordinal);

    private static ServiceProvider Services(string? endpoint)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new(Telemetry.Endpoint, endpoint)]).Build();
        var services = new ServiceCollection().AddLogging().AddSingleton<IConfiguration>(configuration);
        Telemetry.Add(services, configuration, "silo");
        return services.BuildServiceProvider();
    }

    private static async Task<Guid> AnswerAsync(ProcessCluster cluster, string trace = "")
    {
        var job = cluster.Job(8) with { Trace = trace };
        await cluster.SubmitAsync(job);
        await cluster.UntilAsync(
            async () => await cluster.StatusAsync(job.JobId) is { } status && status.GetProperty("isOver").GetBoolean(), "the job is over");
        Assert.Equal("completed", (await cluster.StatusAsync(job.JobId))!.Value.GetProperty("phase").GetString());
        return job.JobId;
    }

    private static async Task<string> PageAsync(ProcessCluster cluster)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(cluster[cluster.Ingress].Address, "/metrics"));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/plain"));
        using var response = await http.SendAsync(request);
        Assert.Equal("text/plain", response.EnsureSuccessStatusCode().Content.Headers.ContentType!.MediaType);
        return await response.Content.ReadAsStringAsync();
    }

    private static async Task CheckAsync(string text)
    {
        var path = Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator);
        Assert.SkipUnless(path.Any(folder => File.Exists(Path.Combine(folder, "promtool"))),
            "promtool is not installed (Debian's prometheus): the page was not checked by it.");
        var start = new ProcessStartInfo("promtool", ["check", "metrics"]);
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var promtool = Process.Start(start)!;
        await promtool.StandardInput.WriteAsync(text);
        promtool.StandardInput.Close();
        var said = await promtool.StandardOutput.ReadToEndAsync() + await promtool.StandardError.ReadToEndAsync();
        await promtool.WaitForExitAsync();
        Assert.True(promtool.ExitCode == 0 && said.Length == 0, said);
    }
}
