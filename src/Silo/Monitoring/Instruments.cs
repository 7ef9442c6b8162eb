using HieraVid.Grains;
using HieraVid.Pipeline.Blobs;

namespace HieraVid.Silo;

/// <summary>The silo's own instruments; grains and queue have theirs.</summary>
internal static class Instruments
{
    /// <summary>Adds what is measured.</summary>
    /// <param name="services">The silo's.</param>
    /// <param name="looks">Whether this silo looks at the whole cluster; one of them is enough.</param>
    internal static void Add(IServiceCollection services, bool looks)
    {
        services.AddSingleton<GpuMetrics>();
        services.AddSingleton<ClusterSampler>();
        services.AddSingleton(provider => new ClusterMetrics(() => looks ? provider.GetRequiredService<ClusterSampler>().Last : null));
        if (looks)
            services.AddHostedService(provider => provider.GetRequiredService<ClusterSampler>());
        services.AddSingleton<IJobNews>(provider => new CountedNews(
            ActivatorUtilities.CreateInstance<QueueNews>(provider), provider.GetRequiredService<ClusterMetrics>(), provider.GetRequiredService<IBlobs>()));
    }

    /// <summary>Makes those that nobody asks for.</summary>
    internal static void Start(IServiceProvider services)
    {
        _ = services.GetRequiredService<GpuMetrics>();
        _ = services.GetRequiredService<ClusterMetrics>();
    }
}
