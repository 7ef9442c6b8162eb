using System.Net;
using HieraVid.Grains;
using HieraVid.Pipeline.Blobs;
using HieraVid.Pipeline.Sources;
using HieraVid.Pipeline.Tokens;
using HieraVid.Queue;
using HieraVid.Storage;
using HieraVid.Video;
using Microsoft.AspNetCore.Hosting;
using Npgsql;
using Orleans.Configuration;
using Orleans.Dashboard;

namespace HieraVid.Silo;

/// <summary>Puts a silo together from its settings.</summary>
internal static class SiloHost
{
    private const string Postgres = "Npgsql";

    /// <summary>The application, ready to run.</summary>
    /// <param name="builder">With the configuration.</param>
    /// <param name="settings">Validated.</param>
    /// <param name="adapt">Changes what its workers have: a benchmark sleeps in place of the stages.</param>
    internal static WebApplication Build(WebApplicationBuilder builder, SiloSettings settings, Func<WorkHost, WorkHost>? adapt = null)
    {
        var isIngress = settings.Roles.HasFlag(Roles.Ingress);
        var turn = FreePort.TakeTurn();
        var port = FreePort.Choose(settings.Port, isIngress ? 5480 : 0);
        var dashboard = new DashboardGate(settings.DashboardPort, settings.DashboardKey.Length > 0 ? settings.DashboardKey : DashboardGate.NewKey());
        builder.WebHost.ConfigureKestrel(web =>
        {
            web.Listen(settings.Public ? IPAddress.Any : IPAddress.Loopback, port);
            if (settings.DashboardPort > 0)
                web.Listen(IPAddress.Loopback, settings.DashboardPort);
        });
        // A silo that stops hands its work back before it leaves.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(settings.DrainSeconds + 20));
        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton(Store(settings));
        builder.Services.AddSingleton<IJobIntake, JobIntake>();
        Instruments.Add(builder.Services, looks: isIngress);
        builder.Services.AddJobBus(Queue(settings), consume: isIngress);
        SiloHealth.Add(builder.Services, settings);
        var identity = new SiloIdentity(settings.Name.Length > 0 ? settings.Name : $"{Environment.MachineName}-{Environment.ProcessId}", settings.Roles);
        Telemetry.Add(builder.Services, builder.Configuration, identity.Name);
        builder.UseOrleans(silo => Configure(silo, settings, identity, adapt ?? (host => host)));

        var app = builder.Build();
        app.Use(next => context => dashboard.PassAsync(context, next));
        app.MapHealthChecks("/health/live", new() { Predicate = _ => false });
        app.MapHealthChecks("/health/ready", new() { ResponseWriter = SiloHealth.WriteAsync });
        app.MapPrometheusScrapingEndpoint("/metrics");
        Instruments.Start(app.Services);
        if (isIngress)
            JobApi.Map(app);
        if (settings.DashboardPort > 0)
            app.MapOrleansDashboard(DashboardGate.Prefix);
        app.Lifetime.ApplicationStarted.Register(() =>
        {
            turn?.Dispose();
            Announce(app.Logger, settings, identity, port);
        });
        return app;

        void Announce(ILogger log, SiloSettings told, SiloIdentity self, int http)
        {
            StartupLog.Started(log, self.Name, told.Role, http, told.Database.Length > 0 ? "PostgreSQL" : "this machine, jobs in memory",
                told.Broker.Length > 0 ? "RabbitMQ" : "within the process");
            // The key is shown only where it was made up just now: a configured one is a secret.
            if (told.DashboardPort > 0)
                StartupLog.Dashboard(log, told.DashboardPort, DashboardGate.Prefix, told.DashboardKey.Length > 0 ? "..." : dashboard.Key);
        }
    }

    private static void Configure(ISiloBuilder silo, SiloSettings settings, SiloIdentity identity, Func<WorkHost, WorkHost> adapt)
    {
        var (siloPort, gatewayPort) = (FreePort.Choose(settings.SiloPort, 11111), FreePort.Choose(settings.GatewayPort, 30000));
        if (settings.Database.Length == 0)
        {
            silo.UseLocalhostClustering(siloPort, gatewayPort, siloPort == 11111 ? null : new IPEndPoint(IPAddress.Loopback, 11111), settings.Cluster, settings.Cluster);
            silo.AddMemoryGrainStorage(Grains.ClusterOptions.Storage).UseInMemoryReminderService();
        }
        else
        {
            silo.Configure<Orleans.Configuration.ClusterOptions>(options => options.ClusterId = options.ServiceId = settings.Cluster);
            silo.ConfigureEndpoints(Address(settings), siloPort, gatewayPort, listenOnAnyHostAddress: settings.Address.Length == 0);
            var database = WithPool(settings.Database);
            silo.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (Postgres, database));
            silo.AddAdoNetGrainStorage(Grains.ClusterOptions.Storage, options => (options.Invariant, options.ConnectionString) = (Postgres, database));
            silo.UseAdoNetReminderService(options => (options.Invariant, options.ConnectionString) = (Postgres, database));
        }
        silo.Configure<ClusterMembershipOptions>(options =>
        {
            options.ProbeTimeout = TimeSpan.FromSeconds(settings.DeadAfterSeconds / 3);
            options.NumMissedProbesLimit = 3;
        });
        if (settings.DashboardPort > 0)
            silo.AddDashboard();
        silo.AddHieraVid(identity, services => adapt(Host(services, settings, identity)), new Grains.ClusterOptions
        {
            Lease = TimeSpan.FromSeconds(settings.LeaseSeconds),
            ChunkLimit = TimeSpan.FromSeconds(settings.HungAfterSeconds),
            Drain = TimeSpan.FromSeconds(settings.DrainSeconds),
        });
    }

    // A silo would take 100 connections by itself, all that a PostgreSQL has: few are as fast, and the others wait a moment.
    private static string WithPool(string connection)
    {
        var database = new NpgsqlConnectionStringBuilder(connection);
        if (database.MaxPoolSize == new NpgsqlConnectionStringBuilder().MaxPoolSize)
            database.MaxPoolSize = 8;
        return database.ConnectionString;
    }

    private static WorkHost Host(IServiceProvider services, SiloSettings settings, SiloIdentity identity)
    {
        if (settings.NeedsModel)
        {
            // Logical devices of one CPU share its cores: more threads would only wait for each other.
            var devices = Math.Max(1, DeviceList.Parse(settings.Devices).Count(name => name == "cpu"));
            TorchSharp.torch.set_num_threads(settings.Threads > 0 ? settings.Threads : Math.Max(1, Environment.ProcessorCount / devices));
        }
        var blobs = services.GetRequiredService<IBlobs>();
        return new WorkHost(identity, blobs, new VideoShelf(blobs, Scratch(settings), VideoShelf.DefaultLimitBytes), VideoLimits.Default,
            settings.NeedsModel ? DeviceList.Load(settings) : [], settings.Decoders > 0 ? settings.Decoders : Math.Max(1, Environment.ProcessorCount / 2))
        {
            Web = new UrlFetcher(settings.WebRules()),
            StoreBytes = (long)(settings.StoreGigabytes * 1e9),
        };
    }

    private static IBlobs Store(SiloSettings settings) => settings.Blobs.Length == 0
        ? new FolderBlobs(settings.Store.Length > 0 ? Path.GetFullPath(settings.Store) : Path.Combine(TokenStore.DefaultFolder, "cluster"))
        : AzureBlobs.Connect(settings.Blobs, settings.Container, Scratch(settings));

    private static string Scratch(SiloSettings settings) => Path.Combine(Path.GetTempPath(), $"hieravid-{settings.Cluster}");

    internal static QueueOptions Queue(SiloSettings settings) => settings.Broker.Length == 0
        ? new QueueOptions { Prefix = settings.Cluster }
        : new QueueOptions { Broker = new Uri(settings.Broker), User = settings.BrokerUser, Password = settings.BrokerPassword, Prefix = settings.Cluster };

    private static IPAddress Address(SiloSettings settings)
    {
        if (settings.Address.Length == 0)
            return Dns.GetHostAddresses(Dns.GetHostName()).FirstOrDefault(address => address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork) ?? IPAddress.Loopback;
        return IPAddress.TryParse(settings.Address, out var given) ? given : throw new SettingsException($"Address {settings.Address} is no IP address.");
    }
}

/// <summary>What is said once, when the silo has started.</summary>
internal static partial class StartupLog
{
    [LoggerMessage(LogLevel.Information, "Silo {name} is up: role {role}, http://127.0.0.1:{port}, members and jobs in {database}, queue {queue}")]
    internal static partial void Started(ILogger log, string name, string role, int port, string database, string queue);

    [LoggerMessage(LogLevel.Information, "Dashboard: http://127.0.0.1:{port}{path}?key={key}")]
    internal static partial void Dashboard(ILogger log, int port, string path, string key);
}
