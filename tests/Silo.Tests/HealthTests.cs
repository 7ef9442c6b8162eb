using HieraVid.Grains;
using HieraVid.Pipeline.Blobs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Abstractions;

namespace HieraVid.Silo.Tests;

/// <summary>A silo that cannot do its work says what it lacks, and nothing secret.</summary>
public sealed class HealthTests
{
    [Fact]
    public async Task What_is_missing_is_named()
    {
        const string Absent = "/absent";
        var settings = new SiloSettings
        {
            Role = "gpu",
            Devices = "cuda:0",
            Database = $"Host=127.0.0.1;Port={FreePort.Choose(0, 0)};Username=me;Password=hidden;Timeout=2",
        };
        var services = new ServiceCollection().AddLogging();
        services.AddSingleton(settings).AddSingleton<IBlobs>(new AbsentBlobs(Absent)).AddSingleton<GpuMetrics>();
        services.AddSingleton(new SiloWorkers(new SiloIdentity("a", Roles.Gpu), null!, null!, NullLogger<SiloWorkers>.Instance));
        SiloHealth.Add(services, settings);
        await using var provider = services.BuildServiceProvider();
        var report = await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync(TestContext.Current.CancellationToken);

        Assert.Equal(HealthStatus.Unhealthy, report.Status);
        var said = report.Entries.ToDictionary(entry => entry.Key, entry => entry.Value.Description!);
        Assert.Contains("the model is being loaded", said["workers"], StringComparison.Ordinal);
        Assert.Contains($"the store {Absent} does not answer", said["store"], StringComparison.Ordinal);
        Assert.Contains("the database does not answer", said["database"], StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", string.Concat(said.Values), StringComparison.Ordinal);
        if (TorchSharp.torch.cuda.device_count() == 0)
            Assert.Contains("there is no GPU here for --devices cuda:0", said["devices"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silo_is_not_asked_for_what_it_does_not_need()
    {
        var settings = new SiloSettings { Role = "cpu" };
        var services = new ServiceCollection().AddLogging();
        services.AddSingleton(settings).AddSingleton<IBlobs>(new AbsentBlobs("/absent"));
        services.AddSingleton(new SiloWorkers(new SiloIdentity("a", Roles.Cpu), null!, null!, NullLogger<SiloWorkers>.Instance));
        SiloHealth.Add(services, settings);
        await using var provider = services.BuildServiceProvider();
        var report = await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["store", "workers"], report.Entries.Keys.Order());
    }

    // A folder whose file system is gone: what is asked of it fails.
    private sealed class AbsentBlobs(string name) : IBlobs
    {
        public string Name => name;

        public string Remedy => "";

        public long? FreeBytes => null;

        public bool Exists(string name) => throw new IOException("gone");

        public void Put(string name, Action<string> write) => throw new IOException("gone");

        public LocalFile? Get(string name) => throw new IOException("gone");

        public Task UploadAsync(string name, string file, IProgress<long>? sent, CancellationToken cancellation) => throw new IOException("gone");

        public Task DownloadAsync(string name, string path, CancellationToken cancellation) => throw new IOException("gone");

        public IReadOnlyList<BlobEntry> List(string folder) => throw new IOException("gone");

        public void Delete(string name) => throw new IOException("gone");

        public void DeleteFolder(string folder) => throw new IOException("gone");

        public IDisposable? TryClaim(string folder) => throw new IOException("gone");
    }
}
