using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Azure.Storage.Blobs;
using HieraVid.Storage.Tests;

[assembly: AssemblyFixture(typeof(Azurite))]

namespace HieraVid.Storage.Tests;

/// <summary>
/// Microsoft's emulator of Azure Storage as a process of its own on a free port of this machine: one that is installed, or
/// the one that ./test puts into .setup.
/// </summary>
public sealed class Azurite : RealPart
{
    // The emulator's well-known account; it opens nothing else.
    private const string Account = "devstoreaccount1";
    private const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private readonly string _folder = Directory.CreateTempSubdirectory("azurite-").FullName;
    private readonly int _port = LoopbackPort.Free();
    private Process? _process;
    private volatile string? _said;

    internal string Connection =>
        $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={Key};BlobEndpoint=http://127.0.0.1:{_port}/{Account};";

    /// <summary>A new container.</summary>
    internal AzureBlobs Container(string? scratch = null)
    {
        var blobs = AzureBlobs.Connect(Connection, $"t{Guid.NewGuid():N}", scratch ?? Path.Combine(_folder, "scratch"));
        blobs.CreateIfMissing();
        return blobs;
    }

    /// <summary>The container's own client, to look behind the scenes.</summary>
    internal BlobContainerClient ClientOf(AzureBlobs blobs) => new(Connection, blobs.Name.Split('/')[^1]);

    /// <summary>Stops it in good order: killed, it forgets what it was told in its last seconds.</summary>
    internal async Task PauseAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process!.Id}"]);
        await _process.WaitForExitAsync();
    }

    internal async Task ResumeAsync()
    {
        var start = new ProcessStartInfo(Program!)
        {
            ArgumentList = { "--blobHost", "127.0.0.1", "--blobPort", $"{_port}", "--location", _folder, "--silent", "--skipApiVersionCheck", "--disableTelemetry" },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Note(line.Data);
        _process.ErrorDataReceived += (_, line) => Note(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        var waited = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, _port);
                return;
            }
            catch (SocketException e)
            {
                if (_process.HasExited || waited.Elapsed > TimeSpan.FromSeconds(60))
                    Assert.Fail($"Azurite did not start: {_said ?? e.Message}");
                await Task.Delay(100);
            }
        }
    }

    protected override Task StartAsync()
    {
        if (Program is null)
            Missing("Azurite", "npm");
        return ResumeAsync();
    }

    protected override ValueTask StopAsync()
    {
        _process?.Kill(entireProcessTree: true);
        _process?.WaitForExit();
        Directory.Delete(_folder, recursive: true);
        return default;
    }

    private static string? Program => Programs.Find("azurite-blob")
        ?? new[] { Path.Combine(Repository.Root, ".setup", "azurite", "node_modules", ".bin", "azurite-blob") }.FirstOrDefault(File.Exists);

    private void Note(string? line)
    {
        if (!string.IsNullOrWhiteSpace(line))
            _said = line.Trim();
    }
}
