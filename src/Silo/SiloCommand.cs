using System.CommandLine;
using System.Globalization;
using HieraVid.Models;

namespace HieraVid.Silo;

/// <summary><c>hieravid silo</c>: one process of a cluster.</summary>
internal static class SiloCommand
{
    private const string Section = "HieraVid";

    // The options that stand for settings, by the setting's name; all other settings come from files and the environment.
    private static readonly (string Option, string Setting, string Help, string What)[] s_options =
    [
        ("--role", nameof(SiloSettings.Role), "R,R", "cpu, gpu, prefill, ingress or all. Default: all."),
        ("--model", nameof(SiloSettings.Model), "DIR", "Folder of the checkpoint, or ORG/NAME of one that was pulled, for gpu and prefill."),
        ("--vision-tower", nameof(SiloSettings.VisionTower), "DIR", "Folder of the original SigLIP, where config.json names another than so400m."),
        ("--devices", nameof(SiloSettings.Devices), "D,D", "cpu, cpu:N (N logical devices), cuda or cuda:N. Default: cpu. Without the role gpu the layers are spread over them."),
        ("--dtype", nameof(SiloSettings.DType), "T", "bf16, f32 or, on a GPU, f16. Default: bf16."),
        ("--threads", nameof(SiloSettings.Threads), "N", "CPU threads of the tensor library."),
        ("--name", nameof(SiloSettings.Name), "NAME", "The silo's name, one of its own in the cluster."),
        ("--store", nameof(SiloSettings.Store), "DIR", "Folder that all silos see. Default: in the user's cache folder."),
        ("--port", nameof(SiloSettings.Port), "N", "Port of jobs, health and metrics. Default: 5480, or a free one."),
        ("--silo-port", nameof(SiloSettings.SiloPort), "N", "Port for the other silos. Default: 11111, or a free one."),
        ("--gateway-port", nameof(SiloSettings.GatewayPort), "N", "Port for Orleans clients. Default: 30000, or a free one."),
        ("--dashboard-port", nameof(SiloSettings.DashboardPort), "N", "Show the Orleans dashboard on this port of loopback, behind a key."),
    ];

    internal static async Task<int> RunAsync(string[] args)
    {
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        var options = s_options.Select(option => (new Option<string?>(option.Option) { HelpName = option.Help, Description = option.What }, option.Setting)).ToList();
        var deploy = new Option<bool>("--deploy") { Description = "Make the database's tables and the broker's queues, and end." };
        var root = new RootCommand("""
            Run one process of a HieraVid cluster.

            Everything else is configured by appsettings.json beside the program (section "HieraVid") or the environment:
            HieraVid__Database (PostgreSQL), HieraVid__Broker (RabbitMQ), HieraVid__Blobs (Azure Blob Storage). See docs/cluster.md.

            Examples:
              hieravid silo --model DIR
              hieravid silo --role cpu,ingress
              hieravid silo --role gpu --devices cpu:2 --model DIR
              hieravid silo --deploy
            """) { deploy };
        foreach (var (option, _) in options)
            root.Add(option);
        root.SetAction((parsed, cancellation) => RunAsync(
            options.Where(option => parsed.GetValue(option.Item1) is not null)
                .ToDictionary(option => $"{Section}:{option.Setting}", option => parsed.GetValue(option.Item1)),
            parsed.GetValue(deploy), cancellation));
        try
        {
            // The host ends by signals itself, after it has handed its work back.
            return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (Exception e) when (e is SettingsException or ModelException or ArgumentException or FormatException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(e.Message.ReplaceLineEndings(" "));
            return 2;
        }
    }

    private static async Task<int> RunAsync(Dictionary<string, string?> told, bool deploys, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddInMemoryCollection(told);
        var settings = SiloSettings.Read(builder.Configuration.GetSection(Section));
        if (deploys)
        {
            await Deployment.RunAsync(settings, cancellation);
            return 0;
        }
        settings.Validate();
        await using var app = SiloHost.Build(builder, settings);
        await app.RunAsync(CancellationToken.None);
        return 0;
    }
}
