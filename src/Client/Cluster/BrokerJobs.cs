using System.CommandLine;
using HieraVid.Contracts;
using HieraVid.Pipeline.Jobs;
using HieraVid.Queue;

namespace HieraVid.Client.Cluster;

/// <summary>The option that names the broker. Where there is one, jobs are submitted, watched and cancelled through it alone.</summary>
internal sealed class BrokerOption
{
    private const string Variable = "HIERAVID_BROKER";

    private readonly Option<string?> _broker = new("--broker")
    {
        HelpName = "URL",
        Description = $"RabbitMQ, as amqp://host/vhost; user and password from {Variable}_USER and _PASSWORD. Default: ${Variable}; without it over HTTP.",
    };

    internal void AddTo(Command command) => command.Add(_broker);

    /// <summary>The broker's jobs; null where none is named.</summary>
    internal async Task<BrokerJobs?> OpenAsync(ParseResult parsed, CancellationToken cancellation) =>
        (parsed.GetValue(_broker) ?? Environment.GetEnvironmentVariable(Variable)) is { Length: > 0 } broker
            ? await BrokerJobs.ConnectAsync(broker, cancellation).ConfigureAwait(false)
            : null;
}

/// <summary>The jobs of a cluster over its broker.</summary>
internal sealed class BrokerJobs : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly JobBusClient _client;

    private BrokerJobs(JobBusClient client) => _client = client;

    internal static async Task<BrokerJobs> ConnectAsync(string broker, CancellationToken cancellation)
    {
        if (!Uri.TryCreate(broker, UriKind.Absolute, out var address))
            throw JobException.Bad($"--broker {broker} is no amqp:// address.");
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        soon.CancelAfter(s_patience);
        try
        {
            return new BrokerJobs(await JobBusClient.ConnectAsync(new QueueOptions
            {
                Broker = address,
                User = Environment.GetEnvironmentVariable("HIERAVID_BROKER_USER") ?? "guest",
                Password = Environment.GetEnvironmentVariable("HIERAVID_BROKER_PASSWORD") ?? "guest",
            }, soon.Token).ConfigureAwait(false));
        }
        catch (ArgumentException e)
        {
            throw JobException.Bad(e.Message);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            throw JobException.Bad($"The broker {address.GetLeftPart(UriPartial.Path)} cannot be reached: check its address, that it runs, and HIERAVID_BROKER_USER and _PASSWORD.");
        }
    }

    internal Task SubmitAsync(SubmitVideoJob job, CancellationToken cancellation) => SendAsync(() => _client.SubmitAsync(job, cancellation));

    internal Task CancelAsync(Guid job, CancellationToken cancellation) => SendAsync(() => _client.CancelAsync(new CancelVideoJob { JobId = job }, cancellation));

    /// <summary>All that becomes of a job, to its end.</summary>
    /// <param name="job">The job.</param>
    /// <param name="watching">Done when nothing can be missed any more.</param>
    /// <param name="cancellation">Ends it.</param>
    internal IAsyncEnumerable<VideoJobReader> FollowAsync(Guid job, Func<Task>? watching, CancellationToken cancellation) =>
        _client.FollowAsync(job, watching, cancellation);

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private static async Task SendAsync(Func<Task> send)
    {
        try
        {
            await send().ConfigureAwait(false);
        }
        catch (InvalidOperationException e)
        {
            throw JobException.Bad(e.Message);
        }
    }
}
