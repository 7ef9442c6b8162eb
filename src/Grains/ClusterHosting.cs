using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Tokens;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Placement;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace HieraVid.Grains;

/// <summary>Makes a silo one of the cluster.</summary>
public static class ClusterHosting
{
    /// <summary>Adds what the grains need. Clustering, the storage <see cref="ClusterOptions.Storage"/> and reminders are the caller's.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="identity">Its name and roles.</param>
    /// <param name="host">Makes what it has for its workers, when it is first needed.</param>
    /// <param name="options">How the grains work together.</param>
    public static ISiloBuilder AddHieraVid(
        this ISiloBuilder silo, SiloIdentity identity, Func<IServiceProvider, WorkHost> host, ClusterOptions? options = null)
    {
        silo.UseSiloMetadata(identity.ToMetadata());
        silo.AddActivityPropagation();
        silo.Services.AddPlacementFilter<RoleFilter, RoleFilterDirector>(ServiceLifetime.Transient);
        silo.Services.AddSingleton(options ?? new ClusterOptions());
        silo.Services.AddSingleton(host);
        silo.Services.AddSingleton(identity);
        silo.Services.TryAddSingleton(TimeProvider.System);
        silo.Services.TryAddSingleton<IJobNews, NoNews>();
        silo.Services.AddSingleton<SiloWorkers>();
        silo.Services.AddHostedService(services => services.GetRequiredService<SiloWorkers>());
        return silo;
    }

    /// <summary>A request in the form in which it is submitted and stored.</summary>
    public static byte[] Pack(JobRequest request) => ExactJson.Write(request);
}

/// <summary>Starts the workers of this silo, and drains them before it leaves the cluster.</summary>
/// <param name="identity">The silo.</param>
/// <param name="services">Its services.</param>
/// <param name="grains">Finds the workers.</param>
/// <param name="log">Told what is started.</param>
public sealed class SiloWorkers(SiloIdentity identity, IServiceProvider services, IGrainFactory grains, ILogger<SiloWorkers> log) : BackgroundService
{
    private readonly List<IWorkerGrain> _workers = [];

    /// <summary>Whether all its workers take work.</summary>
    public bool AreStarted { get; private set; }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The model is read here, off every scheduler, before the first grain asks for it.
        var host = await Task.Run(services.GetRequiredService<WorkHost>, stoppingToken).ConfigureAwait(false);
        foreach (var (role, count) in new[] { (Roles.Cpu, host.Decoders), (Roles.Gpu, host.Devices.Count), (Roles.Prefill, host.Devices.Count) })
        {
            for (var number = 0; identity.Roles.HasFlag(role) && number < count; number++)
                _workers.Add(WorkerGrain.Find(grains, role, WorkerKey.Of(identity.Name, number)));
        }
        await Task.WhenAll(_workers.Select(worker => StartAsync(worker, stoppingToken))).ConfigureAwait(false);
        AreStarted = true;
        log.Workers(identity.Name, identity.Roles, _workers.Count);
        using var timer = new PeriodicTimer(services.GetRequiredService<ClusterOptions>().OfferPeriod);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            await LookAfterAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        await Task.WhenAll(_workers.Select(worker => worker.Drain())).WaitAsync(cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task LookAfterAsync()
    {
        try
        {
            // Where a silo dies, Orleans deactivates grains that were registered with it, also on silos that live.
            await Task.WhenAll(_workers.Select(worker => worker.Start())).ConfigureAwait(false);
            await grains.GetGrain<IJobIndexGrain>(0).LookAfter().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // The index is on a silo that went away, or the database does; it is called again.
            log.OutOfReach(identity.Name, e.Message);
        }
    }

    // The other silos learn of this one's roles a moment after it has started.
    private static async Task StartAsync(IWorkerGrain worker, CancellationToken stopping)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await worker.Start().ConfigureAwait(false);
                return;
            }
            catch (Exception e) when (e is Orleans.Runtime.OrleansException or TimeoutException && attempt < 60)
            {
                await Task.Delay(TimeSpan.FromSeconds(0.5), stopping).ConfigureAwait(false);
            }
        }
    }
}
