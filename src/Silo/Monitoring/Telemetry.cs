using HieraVid.Grains;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace HieraVid.Silo;

/// <summary>
/// What leaves a silo for those who watch it: the page <c>/metrics</c> for Prometheus always; metrics, traces and logs by
/// OTLP where <see cref="Endpoint"/> names a collector. OpenTelemetry's other variables (OTEL_EXPORTER_OTLP_PROTOCOL,
/// OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES ...) are read by its own library.
/// </summary>
internal static class Telemetry
{
    /// <summary>The setting, usually a variable of the environment, that names the collector.</summary>
    internal const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>All meters of ours: the grains', the queue's, the silo's, its GPUs'.</summary>
    internal const string Meters = "HieraVid.*";

    /// <summary>
    /// The sources whose spans together make a job's trace: the grains', then the libraries' in between. HttpClient's is not
    /// among them: it would show the addresses of videos, which may hold a signature.
    /// </summary>
    internal static readonly IReadOnlyList<string> Sources =
        [Traces.SourceName, "MassTransit", "Microsoft.Orleans.Application", "Microsoft.Orleans.Runtime"];

    // In seconds: from a grain call to an hour-long job.
    private static readonly double[] s_bounds =
        [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];

    /// <summary>Adds what listens and what exports.</summary>
    /// <exception cref="SettingsException">The collector's address cannot be.</exception>
    internal static void Add(IServiceCollection services, IConfiguration configuration, string silo)
    {
        var telemetry = services.AddOpenTelemetry()
            // The environment's name and attributes come last, so they win.
            .ConfigureResource(resource => resource
                .AddService("hieravid-silo", serviceInstanceId: silo)
                .AddEnvironmentVariableDetector())
            .WithMetrics(metrics => metrics
                .AddMeter(Meters)
                .AddView(instrument => instrument.GetType() == typeof(System.Diagnostics.Metrics.Histogram<double>)
                    ? new ExplicitBucketHistogramConfiguration { Boundaries = s_bounds }
                    : null)
                // Prometheus knows the scraped process and its own labels: a scope in every line would only make them longer.
                .AddPrometheusExporter(page => (page.ScopeInfoEnabled, page.ScrapeResponseCacheDurationMilliseconds) = (false, 0)));
        if (configuration[Endpoint] is not { Length: > 0 } endpoint)
            return;
        // The library would write to its own diagnostics, and send to its default address.
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            throw new SettingsException($"{Endpoint} is no http:// or https:// address of a collector.");
        telemetry
            .WithTracing(traces => traces
                .AddSource([.. Sources])
                .AddAspNetCoreInstrumentation(web => web.Filter = context => !IsProbe(context.Request.Path)))
            .WithLogging(_ => { }, logs => (logs.IncludeFormattedMessage, logs.IncludeScopes) = (true, true))
            .UseOtlpExporter();
    }

    // Asked every few seconds, for ever.
    private static bool IsProbe(PathString path) =>
        path.StartsWithSegments("/health", StringComparison.Ordinal) || path.StartsWithSegments("/metrics", StringComparison.Ordinal);
}
