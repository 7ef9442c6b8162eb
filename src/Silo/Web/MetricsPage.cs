using HieraVid.Grains;
using HieraVid.Monitoring;
using HieraVid.Pipeline;
using HieraVid.Pipeline.Blobs;
using HieraVid.Pipeline.Stages;

namespace HieraVid.Silo;

/// <summary><c>/metrics</c>: all of HieraVid's instruments in this process, for Prometheus.</summary>
internal static class MetricsPage
{
    /// <summary>Adds what is measured.</summary>
    /// <param name="services">The silo's.</param>
    /// <param name="looks">Whether this silo looks at the whole cluster; one of them is enough.</param>
    internal static void Add(IServiceCollection services, bool looks)
    {
        services.AddSingleton<PrometheusExporter>(_ => new PrometheusExporter());
        services.AddSingleton<GpuMetrics>();
        services.AddSingleton<ClusterSampler>();
        services.AddSingleton(provider => new ClusterMetrics(() => looks ? provider.GetRequiredService<ClusterSampler>().Last : null));
        if (looks)
            services.AddHostedService(provider => provider.GetRequiredService<ClusterSampler>());
        services.AddSingleton<IJobNews>(provider => new CountedNews(
            ActivatorUtilities.CreateInstance<QueueNews>(provider), provider.GetRequiredService<ClusterMetrics>(), provider.GetRequiredService<IBlobs>()));
    }

    /// <summary>Adds the page. The instruments are made now, so that nothing is missed from here on.</summary>
    internal static void Map(IEndpointRouteBuilder app)
    {
        var exporter = app.ServiceProvider.GetRequiredService<PrometheusExporter>();
        _ = app.ServiceProvider.GetRequiredService<GpuMetrics>();
        _ = app.ServiceProvider.GetRequiredService<ClusterMetrics>();
        app.MapGet("/metrics", () => Results.Text(exporter.Read(), PrometheusExporter.ContentType));
    }
}

/// <summary>Counts the tokens of jobs that are answered, and passes the news on.</summary>
/// <param name="news">Who is told.</param>
/// <param name="metrics">Where they are counted.</param>
/// <param name="blobs">Where the results are.</param>
internal sealed class CountedNews(IJobNews news, ClusterMetrics metrics, IBlobs blobs) : IJobNews
{
    public Task AcceptedAsync(JobStatus job) => news.AcceptedAsync(job);

    public Task ProgressAsync(JobStatus job, TextPiece? text) => news.ProgressAsync(job, text);

    public async Task EndedAsync(JobStatus job)
    {
        // Read before anybody is told: where that fails, all of it is done again.
        var report = job.Phase == "completed" ? await Task.Run(() => new JobBlocks(blobs, job.Id).TryRead<AnswerReport>(JobBlocks.Result)) : null;
        await news.EndedAsync(job);
        if (report is null)
            return;
        var tokens = report.Tokens;
        metrics.Pruned("input", tokens.Visual, tokens.AfterMerge);
        var entered = tokens.AfterMerge;
        for (var layer = 0; layer < tokens.PerLayer.Count; layer++)
        {
            if (tokens.PerLayer[layer] != entered)
                metrics.Pruned($"layer-{layer}", entered, tokens.PerLayer[layer]);
            entered = tokens.PerLayer[layer];
        }
    }
}
