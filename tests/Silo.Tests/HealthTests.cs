using HieraVid.Grains;
using HieraVid.Monitoring;
using HieraVid.Pipeline.Blobs;
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
        using var gpus = new GpuMetrics();
        using var workers = new SiloWorkers(new SiloIdentity("a", Roles.Gpu), null!, null!, NullLogger<SiloWorkers>.Instance);
        var settings = new SiloSettings
        {
            Role = "gpu",
            Devices = "cuda:0",
            Database = $"Host=127.0.0.1;Port={FreePort.Choose(0, 0)};Username=me;Password=hidden;Timeout=2",
        };
        var health = await new SiloHealth(workers, new AbsentBlobs(Absent), settings, gpus).CheckHealthAsync(new HealthCheckContext(), TestContext.Current.CancellationToken);
        Assert.Equal(HealthStatus.Unhealthy, health.Status);
        var said = health.Description!;
        Assert.Contains("the model is being loaded", said, StringComparison.Ordinal);
        Assert.Contains($"the store {Absent} does not answer", said, StringComparison.Ordinal);
        Assert.Contains("the database does not answer", said, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", said, StringComparison.Ordinal);
        if (TorchSharp.torch.cuda.device_count() == 0)
            Assert.Contains("there is no GPU here for --devices cuda:0", said, StringComparison.Ordinal);
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
