using System.Globalization;
using System.Net;
using System.Reflection;
using HieraVid.Grains;
using HieraVid.Models.Hub;
using HieraVid.Pipeline.Sources;
using HieraVid.Pipeline.Tokens;

namespace HieraVid.Silo;

/// <summary>
/// What a silo is told by appsettings.json (section HieraVid), environment variables (HieraVid__Model) and its command line,
/// which wins. Without any of it one process is a whole cluster of localhost.
/// </summary>
public sealed class SiloSettings
{
    /// <summary>What it does, by commas: cpu, gpu, prefill, ingress or all.</summary>
    public string Role { get; set; } = "all";

    /// <summary>Its name, one of its own in the cluster; empty: made of the machine's name and the process.</summary>
    public string Name { get; set; } = "";

    /// <summary>Folder of the checkpoint, or ORG/NAME of one that was pulled; needed by gpu and prefill.</summary>
    public string Model { get; set; } = "";

    /// <summary>Folder of the original SigLIP, where config.json names another than so400m.</summary>
    public string VisionTower { get; set; } = "";

    /// <summary>Devices: <c>cpu</c>, <c>cpu:2</c> (two that share the weights), <c>cuda</c> (all), <c>cuda:0,cuda:1</c>. A silo without the role gpu spreads the layers over them.</summary>
    public string Devices { get; set; } = "cpu";

    /// <summary>bf16, f32 or, on a GPU, f16.</summary>
    public string DType { get; set; } = "bf16";

    /// <summary>CPU threads of the tensor library; 0 shares the processors among the CPU's logical devices.</summary>
    public int Threads { get; set; }

    /// <summary>Chunks that a cpu silo decodes at once; 0 for half the processors.</summary>
    public int Decoders { get; set; }

    /// <summary>Folder that all silos see, for videos, tokens and results; empty: the user's cache folder. Not used with Blobs.</summary>
    public string Store { get; set; } = "";

    /// <summary>The Azure Blob Storage account: its connection string, or its https address where this process has an identity there.</summary>
    public string Blobs { get; set; } = "";

    /// <summary>Its container.</summary>
    public string Container { get; set; } = "hieravid";

    /// <summary>Connection string of PostgreSQL; empty: localhost clustering and jobs in memory.</summary>
    public string Database { get; set; } = "";

    /// <summary>The cluster's name in the database.</summary>
    public string Cluster { get; set; } = "hieravid";

    /// <summary>RabbitMQ, as amqp://host/vhost; empty: a queue within the process.</summary>
    public string Broker { get; set; } = "";

    /// <summary>The broker's user.</summary>
    public string BrokerUser { get; set; } = "guest";

    /// <summary>The user's password.</summary>
    public string BrokerPassword { get; set; } = "guest";

    /// <summary>Port of the other silos' calls; 0: 11111, or a free one where that is taken on this machine.</summary>
    public int SiloPort { get; set; }

    /// <summary>Port of Orleans clients; 0 as above, from 30000.</summary>
    public int GatewayPort { get; set; }

    /// <summary>Address that other silos reach this one by; empty: loopback without a database, the machine's with one.</summary>
    public string Address { get; set; } = "";

    /// <summary>Port of health, metrics and, with the role ingress, jobs; 0: with ingress 5480, else, and where that is taken, a free one.</summary>
    public int Port { get; set; }

    /// <summary>Whether that port is open to other machines. Off by default: it asks nobody who they are.</summary>
    public bool Public { get; set; }

    /// <summary>Port of the Orleans dashboard, on loopback only; 0 turns it off.</summary>
    public int DashboardPort { get; set; }

    /// <summary>The dashboard's key; empty: one is made up and logged at the start.</summary>
    public string DashboardKey { get; set; } = "";

    /// <summary>Whether jobs may name files on the silos' own disks. Only sensible where everybody who submits may read them.</summary>
    public bool LocalFiles { get; set; } = true;

    /// <summary>
    /// Hosts from which jobs' videos are fetched, by commas: <c>videos.example.org</c>, <c>*.example.org</c>, <c>*</c> for
    /// any of the public network. Empty: none.
    /// </summary>
    public string WebHosts { get; set; } = "";

    /// <summary>Ports of those hosts.</summary>
    public string WebPorts { get; set; } = "80,443";

    /// <summary>Networks that may be dialled beside the public one, by commas, as <c>10.2.0.0/16</c>. Empty: none.</summary>
    public string WebNetworks { get; set; } = "";

    /// <summary>Whether http addresses are fetched, too, not only https ones.</summary>
    public bool WebHttp { get; set; }

    /// <summary>Longest video that is fetched, in gigabytes.</summary>
    public double WebGigabytes { get; set; } = UrlRules.DefaultMaxBytes / 1e9;

    /// <summary>Most gigabytes of tokens that the store may hold of all jobs together; those that do not fit wait.</summary>
    public double StoreGigabytes { get; set; } = TokenStore.DefaultLimitBytes / 1e9;

    /// <summary>Most gigabytes of tokens that stay on a device between a chunk's encoding and the plan.</summary>
    public double DeviceGigabytes { get; set; } = WorkDevice.DefaultTokenBytes / 1e9;

    /// <summary>Seconds that a worker may be silent before its work is given to another.</summary>
    public double LeaseSeconds { get; set; } = 30;

    /// <summary>Seconds after which a device that is still at a chunk counts as hung; an answer has half an hour.</summary>
    public double HungAfterSeconds { get; set; } = 600;

    /// <summary>Seconds that a silo which stops may go on with what it is at.</summary>
    public double DrainSeconds { get; set; } = 20;

    /// <summary>Seconds without an answer after which the other silos take this one for dead (three probes).</summary>
    public double DeadAfterSeconds { get; set; } = 15;

    /// <summary>Reads them; what is not given is as above.</summary>
    /// <exception cref="SettingsException">One is unknown, or not of its type.</exception>
    internal static SiloSettings Read(IConfigurationSection section)
    {
        const BindingFlags Settable = BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase;
        // The binder can refuse them too, but talks of its own options where it names them.
        if (section.GetChildren().FirstOrDefault(given => typeof(SiloSettings).GetProperty(given.Key, Settable) is null) is { } unknown)
            throw new SettingsException($"There is no setting {section.Key}__{unknown.Key}: docs/cluster.md has them all.");
        try
        {
            return section.Get<SiloSettings>() ?? new SiloSettings();
        }
        catch (InvalidOperationException e)
        {
            throw new SettingsException(e.Message);
        }
    }

    internal Roles Roles => Parse(Role);

    internal bool NeedsModel => (Roles & (Roles.Gpu | Roles.Prefill)) != 0;

    /// <summary>Checks all that can be checked without reaching out.</summary>
    /// <exception cref="SettingsException">Something is missing or cannot be.</exception>
    internal void Validate()
    {
        _ = Roles;
        if (NeedsModel && Model.Length == 0)
            throw new SettingsException($"The role {Role} needs a model: give its folder with --model or HieraVid__Model.");
        if (NeedsModel && !Directory.Exists(Model) && !HubDownload.IsRepository(Model))
            throw new SettingsException($"The model folder {Model} does not exist: give the folder of a checkpoint with --model.");
        if (LeaseSeconds is < 1 or > 3600)
            throw new SettingsException($"LeaseSeconds {LeaseSeconds} is out of range: take 1 to 3600.");
        if (HungAfterSeconds is < 1 or > 86400)
            throw new SettingsException($"HungAfterSeconds {HungAfterSeconds} is out of range: take 1 to 86400.");
        if (DeadAfterSeconds is < 1.5 or > 600)
            throw new SettingsException($"DeadAfterSeconds {DeadAfterSeconds} is out of range: take 1.5 to 600.");
        foreach (var (name, port) in new[] { (nameof(SiloPort), SiloPort), (nameof(GatewayPort), GatewayPort), (nameof(Port), Port), (nameof(DashboardPort), DashboardPort) })
        {
            if (port is < 0 or > 65535)
                throw new SettingsException($"{name} {port} is out of range: take 0 to 65535.");
        }
        if (Name.Contains('/', StringComparison.Ordinal))
            throw new SettingsException($"The silo's name '{Name}' has a '/' in it: leave that out.");
        if (Broker.Length > 0 && (!Uri.TryCreate(Broker, UriKind.Absolute, out var broker) || broker.Scheme is not ("amqp" or "amqps")))
            throw new SettingsException("Broker is no amqp:// or amqps:// address.");
        if (Database.Length == 0 && Address.Length > 0)
            throw new SettingsException("Address is only of use with a Database: without one all silos are on this machine.");
        foreach (var (name, gigabytes) in new[] { (nameof(StoreGigabytes), StoreGigabytes), (nameof(DeviceGigabytes), DeviceGigabytes) })
        {
            if (gigabytes is not (>= 0 and <= 1e6))
                throw new SettingsException($"{name} {gigabytes} is out of range: take 0 to 1000000.");
        }
        _ = WebRules();
    }

    /// <summary>Which addresses videos are fetched from.</summary>
    /// <exception cref="SettingsException">One of the settings cannot be.</exception>
    internal UrlRules WebRules() => new()
    {
        Hosts = [.. Words(WebHosts).Select(host => host == "*" || Uri.CheckHostName(host.StartsWith("*.", StringComparison.Ordinal) ? host[2..] : host) != UriHostNameType.Unknown
            ? host
            : throw new SettingsException($"WebHosts '{host}' is no host: use videos.example.org, *.example.org or *, with commas between."))],
        Ports = [.. Words(WebPorts).Select(port => int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 65535
            ? number
            : throw new SettingsException($"WebPorts '{port}' is no port: use 1 to 65535, with commas between."))],
        Networks = [.. Words(WebNetworks).Select(network => IPNetwork.TryParse(network, out var parsed)
            ? parsed
            : throw new SettingsException($"WebNetworks '{network}' is no network: write it as 10.2.0.0/16, with commas between."))],
        AllowHttp = WebHttp,
        MaxBytes = WebGigabytes is > 0 and <= 10_000
            ? (long)(WebGigabytes * 1e9)
            : throw new SettingsException($"WebGigabytes {WebGigabytes} is out of range: take more than 0 and at most 10000."),
    };

    private static string[] Words(string text) => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static Roles Parse(string text)
    {
        var roles = Roles.None;
        foreach (var word in Words(text))
        {
            roles |= word.ToUpperInvariant() switch
            {
                "CPU" => Roles.Cpu,
                "GPU" => Roles.Gpu,
                "PREFILL" => Roles.Prefill,
                "INGRESS" => Roles.Ingress,
                "ALL" => Roles.All,
                _ => throw new SettingsException($"--role '{word}' is unknown: use cpu, gpu, prefill, ingress or all, with commas between."),
            };
        }
        return roles != Roles.None ? roles : throw new SettingsException("--role is empty: use cpu, gpu, prefill, ingress or all.");
    }
}

/// <summary>A silo that cannot be started as it was told; the message is one sentence for whoever configures it.</summary>
/// <param name="message">What is wrong and what to do.</param>
public sealed class SettingsException(string message) : Exception(message);
