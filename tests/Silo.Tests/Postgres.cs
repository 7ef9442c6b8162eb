namespace HieraVid.Silo.Tests;

/// <summary>A PostgreSQL of our own that tests share.</summary>
internal sealed class Postgres : RealPart
{
    private PostgresServer? _server;

    internal string Connection => _server!.Connection;

    internal void Restart() => _server!.Restart();

    protected override Task StartAsync()
    {
        if (!PostgresServer.IsInstalled)
            Missing("PostgreSQL", "postgresql");
        _server = new PostgresServer();
        return Task.CompletedTask;
    }

    protected override ValueTask StopAsync()
    {
        _server?.Dispose();
        return default;
    }
}
