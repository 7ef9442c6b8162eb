using System.Text.Json;
using HieraVid.Grains;
using HieraVid.Monitoring;
using HieraVid.Pipeline.Blobs;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace HieraVid.Silo;

/// <summary>
/// Whether this silo can do its work: its workers are up (so the model is loaded), its devices are there, the store and the
/// database answer. The broker has a check of its own, masstransit-bus.
/// </summary>
internal sealed class SiloHealth(SiloWorkers workers, IBlobs blobs, SiloSettings settings, GpuMetrics gpus) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var faults = new List<string>();
        if (!workers.AreStarted)
            faults.Add("the model is being loaded or the cluster is not reached yet");
        if (settings.NeedsModel)
            faults.AddRange(MissingDevices());
        try
        {
            await Task.Run(() => blobs.Exists("health"), cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            faults.Add($"the store {blobs.Name} does not answer");
        }
        try
        {
            if (settings.Database.Length > 0)
            {
                await using var database = new NpgsqlConnection(settings.Database);
                await database.OpenAsync(cancellationToken);
            }
        }
        catch (NpgsqlException)
        {
            faults.Add("the database does not answer");
        }
        return faults.Count == 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy(string.Join("; ", faults));
    }

    // One that was there and fell off its bus is still counted by CUDA, but does not answer the driver's library.
    private IEnumerable<string> MissingDevices()
    {
        if (!settings.Devices.Contains("cuda", StringComparison.Ordinal))
            yield break;
        var here = TorchSharp.torch.cuda.device_count();
        if (here == 0)
            yield return $"there is no GPU here for --devices {settings.Devices}";
        else if (DeviceList.Parse(settings.Devices).FirstOrDefault(name => name.StartsWith("cuda:", StringComparison.Ordinal) && !(int.TryParse(name.AsSpan(5), out var number) && number < here)) is { } missing)
            yield return $"there is no device {missing} here";
        if (gpus.Lost > 0)
            yield return $"{gpus.Lost} of {gpus.Devices} GPUs do not answer";
    }

    internal static Task WriteAsync(HttpContext context, HealthReport report)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(JsonSerializer.Serialize(
            report.Entries.ToDictionary(entry => entry.Key, entry => new { Status = entry.Value.Status.ToString(), entry.Value.Description })));
    }
}
