using System.Text.Json;
using HieraVid.Grains;
using HieraVid.Pipeline.Blobs;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace HieraVid.Silo;

/// <summary>
/// Whether this silo can do its work: its workers are up (so the model is loaded), its devices are there, the store and the
/// database answer. The broker has a check of its own, masstransit-bus. What a check says holds nothing secret.
/// </summary>
internal static class SiloHealth
{
    // Below the five seconds that the orchestrator waits.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(4);

    /// <summary>Adds a check for each thing that this silo needs.</summary>
    internal static void Add(IServiceCollection services, SiloSettings settings)
    {
        var checks = services.AddHealthChecks()
            .AddCheck<WorkersCheck>("workers", timeout: s_patience)
            .AddCheck<StoreCheck>("store", timeout: s_patience);
        if (settings.NeedsModel)
            checks.AddCheck<DevicesCheck>("devices", timeout: s_patience);
        if (settings.Database.Length > 0)
            checks.AddCheck<DatabaseCheck>("database", timeout: s_patience);
    }

    internal static Task WriteAsync(HttpContext context, HealthReport report)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(JsonSerializer.Serialize(
            report.Entries.ToDictionary(entry => entry.Key, entry => new { Status = entry.Value.Status.ToString(), entry.Value.Description })));
    }

    private sealed class WorkersCheck(SiloWorkers workers) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(workers.AreStarted
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Unhealthy("the model is being loaded or the cluster is not reached yet"));
    }

    private sealed class StoreCheck(IBlobs blobs) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            try
            {
                // The store waits for itself: a network folder that hangs is not to hang the check.
                await Task.Run(() => blobs.Exists("health"), cancellationToken).WaitAsync(cancellationToken);
                return HealthCheckResult.Healthy();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return HealthCheckResult.Unhealthy($"the store {blobs.Name} does not answer");
            }
        }
    }

    private sealed class DatabaseCheck(SiloSettings settings) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            try
            {
                await using var database = new NpgsqlConnection(settings.Database);
                await database.OpenAsync(cancellationToken);
                return HealthCheckResult.Healthy();
            }
            catch (NpgsqlException)
            {
                return HealthCheckResult.Unhealthy("the database does not answer");
            }
        }
    }

    private sealed class DevicesCheck(SiloSettings settings, GpuMetrics gpus) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            var missing = string.Join("; ", Missing());
            return Task.FromResult(missing.Length == 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy(missing));
        }

        // One that was there and fell off its bus is still counted by CUDA, but does not answer the driver's library.
        private IEnumerable<string> Missing()
        {
            if (!settings.Devices.Contains("cuda", StringComparison.Ordinal))
                yield break;
            var here = TorchSharp.torch.cuda.device_count();
            if (here == 0)
                yield return $"there is no GPU here for --devices {settings.Devices}";
            else if (DeviceList.Parse(settings.Devices).FirstOrDefault(name => IsMissing(name, here)) is { } missing)
                yield return $"there is no device {missing} here";
            if (gpus.Lost > 0)
                yield return $"{gpus.Lost} of {gpus.Devices} GPUs do not answer";
        }

        private static bool IsMissing(string name, int here) =>
            name.StartsWith("cuda:", StringComparison.Ordinal) && !(int.TryParse(name.AsSpan(5), out var number) && number < here);
    }
}
