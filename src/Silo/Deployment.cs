using HieraVid.Queue;
using HieraVid.Storage;
using Npgsql;

namespace HieraVid.Silo;

/// <summary>What is made once, before the first silo of a cluster starts. Done again it changes nothing.</summary>
internal static class Deployment
{
    internal static async Task RunAsync(SiloSettings settings, CancellationToken cancellation)
    {
        if (settings.Database.Length == 0 && settings.Broker.Length == 0 && settings.Blobs.Length == 0)
            throw new SettingsException("There is nothing to deploy: none of HieraVid__Database, HieraVid__Broker and HieraVid__Blobs is set.");
        if (settings.Blobs.Length > 0)
        {
            AzureBlobs.Connect(settings.Blobs, settings.Container, Path.GetTempPath()).CreateIfMissing();
            Console.Error.WriteLine("The storage account has the cluster's container.");
        }
        if (settings.Database.Length > 0)
        {
            await MakeTablesAsync(settings.Database, cancellation);
            Console.Error.WriteLine("The database has the cluster's tables.");
        }
        if (settings.Broker.Length > 0)
        {
            await JobBus.DeployAsync(SiloHost.Queue(settings), cancellation);
            Console.Error.WriteLine("The broker has the cluster's queues.");
        }
    }

    private static async Task MakeTablesAsync(string connection, CancellationToken cancellation)
    {
        using var stream = typeof(Deployment).Assembly.GetManifestResourceStream("Tables.sql")!;
        using var reader = new StreamReader(stream);
        try
        {
            await using var database = new NpgsqlConnection(connection);
            await database.OpenAsync(cancellation);
            await using var command = new NpgsqlCommand(await reader.ReadToEndAsync(cancellation), database);
            await command.ExecuteNonQueryAsync(cancellation);
        }
        catch (NpgsqlException e)
        {
            throw new SettingsException($"The database cannot be used ({e.Message.TrimEnd('.')}): check HieraVid__Database.");
        }
    }
}
