using System.Diagnostics;
using HieraVid.Models.Checkpoints;
using HieraVid.Queue.Tests;
using HieraVid.Silo.Tests;
using HieraVid.Storage.Tests;

namespace HieraVid.Cluster.Tests;

/// <summary>
/// Three silos as processes over a real RabbitMQ, PostgreSQL and Azurite, as docs/cluster.md has them, and the program that
/// users have. All secrets are ones that can be looked for.
/// </summary>
public sealed class WholeCluster(Broker broker, Azurite azurite) : RealPart
{
    /// <summary>What must never be seen: of the database, the dashboard, the store, the broker and an address.</summary>
    internal static readonly IReadOnlyList<string> Secrets =
        ["secret-of-the-database", "secret-of-the-dashboard", "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==", Broker.Password, WebServer.Signature];

    private const string Container = "videos-of-the-test";

    private readonly Postgres _postgres = new();
    private Dictionary<string, string> _client = [];

    internal string Folder { get; } = Directory.CreateTempSubdirectory("hieravid-whole-").FullName;

    internal string Video => Path.Combine(Folder, "v.mp4");

    internal string Model => Path.Combine(Folder, "model");

    internal WebServer Web { get; } = new();

    internal Dictionary<string, SiloProcess> Silos { get; } = [];

    internal int Dashboard { get; } = LoopbackPort.Free();

    internal Uri Address => Silos["edge"].Address;

    internal string Database => _postgres.Connection;

    /// <summary>The store, from outside.</summary>
    internal Storage.AzureBlobs Store() => Storage.AzureBlobs.Connect(azurite.Connection, Container, Path.Combine(Folder, "scratch"));

    /// <summary>Runs the program that users have.</summary>
    internal async Task<Said> RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new Said(process.ExitCode, await output, await errors);
    }

    /// <summary>Submits and gives back the id.</summary>
    internal async Task<string> SubmitAsync(string video, int maxTokens = 12, params string[] more)
    {
        var said = await RunAsync(["submit", video, "What is moving?", "--chunk-frames", "4", "--max-tokens", $"{maxTokens}", .. video == Video ? ["--blobs", Container] : Array.Empty<string>(), .. more]);
        Assert.True(said.Code == 0, said.Errors);
        return said.Output.Trim();
    }

    internal Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "hieravid.dll"), .. arguments])
        {
            WorkingDirectory = Folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in _client)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    protected override async Task StartAsync()
    {
        await broker.ReadyAsync();
        await azurite.ReadyAsync();
        await _postgres.ReadyAsync();
        var host = broker.Host();
        RandomCheckpoint.Create(Model, CheckpointPreset.Tiny, seed: 3);
        await ToolAsync("ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=4", "-c:v", "libx264", "-preset", "ultrafast",
            "-g", "10", "-y", "file:" + Video);
        var settings = new Dictionary<string, string>
        {
            ["Database"] = $"{_postgres.Connection};Password={Secrets[0]}",
            ["Broker"] = $"{host}",
            ["BrokerUser"] = Broker.Silo,
            ["BrokerPassword"] = Broker.Password,
            ["Blobs"] = azurite.Connection,
            ["Container"] = Container,
            ["Address"] = "127.0.0.1",
            ["Model"] = Model,
            ["DType"] = "f32",
            ["Threads"] = "1",
            ["LocalFiles"] = "false",
            ["DashboardKey"] = Secrets[1],
            ["WebHosts"] = "*",
            ["WebHttp"] = "true",
            ["WebPorts"] = $"{Web.Address.Port}",
            ["WebNetworks"] = "127.0.0.1/32",
        };
        _client = new()
        {
            ["HIERAVID_BROKER"] = $"{host}",
            ["HIERAVID_BROKER_USER"] = Broker.User,
            ["HIERAVID_BROKER_PASSWORD"] = Broker.Password,
            ["HIERAVID_BLOBS"] = azurite.Connection,
            ["XDG_CACHE_HOME"] = Path.Combine(Folder, "cache"),
        };
        var (code, said) = await SiloProcess.RunAsync(settings, "--deploy");
        Assert.True(code == 0, said);
        await Task.WhenAll(
            StartAsync("edge", "cpu,ingress", new(settings) { ["DashboardPort"] = $"{Dashboard}" }),
            StartAsync("gpu", "gpu", new(settings) { ["Devices"] = "cpu:2" }), StartAsync("prefill", "prefill", settings));
    }

    protected override async ValueTask StopAsync()
    {
        foreach (var silo in Silos.Values)
            silo.Dispose();
        await _postgres.DisposeAsync();
        Web.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task StartAsync(string name, string role, Dictionary<string, string> settings)
    {
        var silo = await SiloProcess.StartAsync(name, role, settings);
        lock (Silos)
            Silos[name] = silo;
    }

    private static async Task ToolAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }
}

/// <summary>What the program said.</summary>
internal sealed record Said(int Code, string Output, string Errors);
