using HieraVid.Grains;
using HieraVid.Models.Checkpoints;
using HieraVid.Silo;
using HieraVid.Silo.Tests;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace HieraVid.Bench.Cluster;

/// <summary>
/// Silos as users start them, but in this process, over a PostgreSQL of their own: they talk to each other through sockets.
/// Only the bodies of the stages are simulated.
/// </summary>
internal sealed class BenchCluster : IAsyncDisposable
{
    private readonly List<WebApplication> _silos = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("hieravid-bench-").FullName;
    private readonly PostgresServer _postgres = new();

    private BenchCluster()
    {
    }

    internal static string Tiny
    {
        get
        {
            var folder = Path.GetFullPath(Path.Combine("artifacts", "bench", "tiny"));
            if (!Directory.Exists(folder))
                RandomCheckpoint.Create(folder, CheckpointPreset.Tiny, seed: 0);
            return folder;
        }
    }

    /// <summary>The services of the silo that takes jobs.</summary>
    internal IServiceProvider Services => _silos[0].Services;

    internal IGrainFactory Grains => Services.GetRequiredService<IGrainFactory>();

    /// <summary>One silo that takes jobs, decodes and answers, and others with the devices.</summary>
    internal static async Task<BenchCluster> StartAsync(SimulatedStages stages, CallMeter meter, int silos, int devicesEach, int answering = 1)
    {
        var cluster = new BenchCluster();
        var settings = cluster.Settings();
        await Deployment.RunAsync(settings, CancellationToken.None);
        await cluster.AddAsync(stages, meter, "cpu,ingress,prefill", "edge", answering, Math.Max(2, silos * devicesEach));
        for (var i = 0; i < silos; i++)
            await cluster.AddAsync(stages, meter, "gpu", $"gpu-{i}", devicesEach, 1);
        foreach (var silo in cluster._silos)
        {
            while (!silo.Services.GetRequiredService<SiloWorkers>().AreStarted)
                await Task.Delay(50);
        }
        return cluster;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in Enumerable.Reverse(_silos))
        {
            await silo.StopAsync();
            await silo.DisposeAsync();
        }
        _postgres.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task AddAsync(SimulatedStages stages, CallMeter meter, string role, string name, int devices, int decoders)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IOutgoingGrainCallFilter>(meter);
        var settings = Settings();
        (settings.Role, settings.Name, settings.Devices, settings.Decoders) = (role, name, $"cpu:{devices}", decoders);
        settings.Validate();
        var silo = SiloHost.Build(builder, settings, host => host with { Run = stages.RunAsync });
        await silo.StartAsync();
        _silos.Add(silo);
    }

    private SiloSettings Settings() => new()
    {
        Database = _postgres.Connection,
        Address = "127.0.0.1",
        Store = Path.Combine(_folder, "store"),
        Model = Tiny,
        Broker = Environment.GetEnvironmentVariable("HIERAVID_BENCH_BROKER") ?? "",
        Cluster = "hieravid-bench",
    };
}
