using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using RabbitMQ.Client;

namespace HieraVid.Queue.Tests;

/// <summary>
/// A RabbitMQ of our own: own node, ports, folder and port mapper, all on this machine's loopback, with virtual hosts and
/// users ready. Silos and users have the permissions that the documentation gives them, and no more.
/// </summary>
public sealed class Broker : RealPart
{
    internal const string Admin = "admin", Silo = "silo", User = "user", Password = "secret-of-the-test";

    private const string Program = "/usr/lib/rabbitmq/bin/rabbitmq-server", PortMapper = "/usr/bin/epmd";
    private const int Hosts = 20;

    private readonly string _folder = Directory.CreateTempSubdirectory("rabbit-").FullName;
    private readonly int _port = LoopbackPort.Free(), _distribution = LoopbackPort.Free(), _mapper = LoopbackPort.Free();
    private Process? _server, _portMapper;
    private volatile string? _said;
    private int _next;

    /// <summary>A virtual host that no other test uses.</summary>
    internal Uri Host() => new($"amqp://127.0.0.1:{_port}/v{Interlocked.Increment(ref _next) % Hosts}");

    internal async Task RestartAsync()
    {
        await StopServerAsync();
        await StartServerAsync();
    }

    /// <summary>A connection without MassTransit.</summary>
    internal async Task<IConnection> ConnectAsync(Uri host, string user)
    {
        var factory = new ConnectionFactory { Uri = host, UserName = user, Password = Password, AutomaticRecoveryEnabled = false };
        return await factory.CreateConnectionAsync();
    }

    protected override async Task StartAsync()
    {
        if (!File.Exists(Program) || !File.Exists(PortMapper))
            Missing("RabbitMQ", "rabbitmq-server");
        await File.WriteAllTextAsync(Path.Combine(_folder, "definitions.json"), Definitions());
        await File.WriteAllTextAsync(Path.Combine(_folder, "plugins"), "[].");
        await File.WriteAllTextAsync(Path.Combine(_folder, "rabbitmq.conf"), string.Create(CultureInfo.InvariantCulture, $"""
            listeners.tcp.1 = 127.0.0.1:{_port}
            load_definitions = {_folder}/definitions.json
            disk_free_limit.absolute = 1MB
            log.console = false
            """));
        _portMapper = Start(PortMapper, "-port", $"{_mapper}", "-address", "127.0.0.1");
        await StartServerAsync();
    }

    protected override async ValueTask StopAsync()
    {
        if (_server is not null)
            await StopServerAsync();
        _portMapper?.Kill();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task StartServerAsync()
    {
        _server = Start(Program);
        var waited = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await using var probe = await ConnectAsync(new Uri($"amqp://127.0.0.1:{_port}/v0"), Admin);
                return;
            }
            catch (RabbitMQ.Client.Exceptions.BrokerUnreachableException e)
            {
                if (_server.HasExited || waited.Elapsed > TimeSpan.FromSeconds(90))
                    Assert.Fail($"RabbitMQ did not start: {_said ?? e.Message}");
                await Task.Delay(200);
            }
        }
    }

    private async Task StopServerAsync()
    {
        if (_server!.HasExited)
            return;
        // The script hands the signal on to the server and waits for it.
        using var kill = Process.Start("kill", ["-TERM", $"{_server.Id}"]);
        await _server.WaitForExitAsync();
    }

    private Process Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        var set = start.Environment;
        set["HOME"] = _folder;
        set["ERL_EPMD_PORT"] = $"{_mapper}";
        set["ERL_EPMD_ADDRESS"] = "127.0.0.1";
        set["RABBITMQ_NODENAME"] = "rabbit_hv@localhost";
        set["RABBITMQ_DIST_PORT"] = $"{_distribution}";
        set["RABBITMQ_CONFIG_FILE"] = Path.Combine(_folder, "rabbitmq.conf");
        set["RABBITMQ_ENABLED_PLUGINS_FILE"] = Path.Combine(_folder, "plugins");
        set["RABBITMQ_MNESIA_BASE"] = Path.Combine(_folder, "data");
        set["RABBITMQ_LOG_BASE"] = Path.Combine(_folder, "logs");
        set["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1";
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private void Note(string? line)
    {
        if (!string.IsNullOrWhiteSpace(line))
            _said = line.Trim();
    }

    private static string Definitions()
    {
        var hosts = Enumerable.Range(0, Hosts).Select(i => $"v{i}").ToArray();
        var all = new QueuePermissions(".*", ".*", ".*");
        (string Name, string Tags, QueuePermissions May)[] users =
            [(Admin, "administrator", all), (Silo, "", QueuePermissions.Silo("hieravid")), (User, "", QueuePermissions.User("hieravid"))];
        return JsonSerializer.Serialize(new
        {
            vhosts = hosts.Select(name => new { name }),
            users = users.Select(user => new { name = user.Name, password = Password, tags = user.Tags }),
            permissions = hosts.SelectMany(vhost => users.Select(user =>
                new { user = user.Name, vhost, configure = user.May.Configure, write = user.May.Write, read = user.May.Read })),
        });
    }
}
