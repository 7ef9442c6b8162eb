using System.Text.Json;
using HieraVid.Grains;
using HieraVid.Pipeline.Blobs;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace HieraVid.Silo;

/// <summary>Whether this silo can do its work: its workers are up (so the model is loaded), the store and the database answer.</summary>
internal sealed class SiloHealth(SiloWorkers workers, IBlobs blobs, SiloSettings settings) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var faults = new List<string>();
        if (!workers.AreStarted)
            faults.Add("the model is being loaded or the cluster is not reached yet");
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

    internal static Task WriteAsync(HttpContext context, HealthReport report)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(JsonSerializer.Serialize(
            report.Entries.ToDictionary(entry => entry.Key, entry => new { Status = entry.Value.Status.ToString(), entry.Value.Description })));
    }
}
