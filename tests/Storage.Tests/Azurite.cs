using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Azure.Storage.Blobs;
using HieraVid.Storage.Tests;

[assembly: AssemblyFixture(typeof(Azurite))]

namespace HieraVid.Storage.Tests;

/// <summary>
/// Microsoft's emulator of Azure Storage as a process of its own on a free port of this machine: one that is installed, or
/// one that npm fetches once into the artifacts folder.
/// </summary>
public sealed class Azurite : IAsyncLifetime
{
    // The emulator's well-known account; it opens nothing else.
    private const string Account = "devstoreaccount1";
    private const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private readonly string _folder = Directory.CreateTempSubdirectory("azurite-").FullName;
    private readonly int _port = FreePort();
    private string? _program, _missing;
    private Process? _process;

    internal string Connection =>
        $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={Key};BlobEndpoint=http://127.0.0.1:{_port}/{Account};";

    public async ValueTask InitializeAsync()
    {
        (_program, _missing) = await FindAsync();
        if (_program is not null)
            await StartAsync();
    }

    public ValueTask DisposeAsync()
    {
        _process?.Kill(entireProcessTree: true);
        _process?.WaitForExit();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    /// <summary>A new container.</summary>
    internal AzureBlobs Container(string? scratch = null)
    {
        Assert.SkipWhen(_process is null, _missing ?? "");
        var blobs = AzureBlobs.Connect(Connection, $"t{Guid.NewGuid():N}", scratch ?? Path.Combine(_folder, "scratch"));
        blobs.CreateIfMissing();
        return blobs;
    }

    /// <summary>The container's own client, to look behind the scenes.</summary>
    internal BlobContainerClient ClientOf(AzureBlobs blobs) => new(Connection, blobs.Name.Split('/')[^1]);

    /// <summary>Stops it in good order: killed, it forgets what it was told in its last seconds.</summary>
    internal async Task StopAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process!.Id}"]);
        await _process.WaitForExitAsync();
    }

    internal async Task StartAsync()
    {
        var start = new ProcessStartInfo(_program!)
        {
            ArgumentList = { "--blobHost", "127.0.0.1", "--blobPort", $"{_port}", "--location", _folder, "--silent", "--skipApiVersionCheck", "--disableTelemetry" },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        var deadline = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, _port);
                return;
            }
            catch (SocketException) when (!_process.HasExited && deadline.Elapsed < TimeSpan.FromSeconds(60))
            {
                await Task.Delay(100);
            }
        }
    }

    private static async Task<(string? Program, string? Missing)> FindAsync()
    {
        const string Name = "azurite-blob";
        string[] folders = Environment.GetEnvironmentVariable("PATH")?.Split(Path.PathSeparator) ?? [];
        if (folders.Select(folder => Path.Combine(folder, Name)).FirstOrDefault(File.Exists) is { } installed)
            return (installed, null);
        var home = Path.Combine(Environment.GetEnvironmentVariable("HIERAVID_HOME") ?? AppContext.BaseDirectory, "artifacts", "azurite");
        var local = Path.Combine(home, "node_modules", ".bin", Name);
        if (File.Exists(local))
            return (local, null);
        if (!folders.Any(folder => File.Exists(Path.Combine(folder, "npm"))))
            return (null, $"{Name} and npm are not installed: the store was not tested against Azurite (apt-get install npm).");
        using var npm = Process.Start(new ProcessStartInfo("npm")
        {
            ArgumentList = { "install", "--no-fund", "--no-audit", "--prefix", home, "azurite@3.37.0" },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = npm.StandardError.ReadToEndAsync();
        await npm.StandardOutput.ReadToEndAsync();
        await npm.WaitForExitAsync();
        return File.Exists(local)
            ? (local, null)
            : (null, $"npm could not install azurite, so the store was not tested against it: {(await errors).Trim().Split('\n')[0]}");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
