using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using HieraVid.Contracts;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;

namespace HieraVid.Queue;

/// <summary>A user's end of the queue: submits, cancels and watches jobs.</summary>
public sealed class JobBusClient : IAsyncDisposable
{
    // After so long without a word the cluster is asked for one; and not more often than that for a word that is missing.
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(5), s_gap = TimeSpan.FromSeconds(1);

    private readonly ServiceProvider _services;
    private readonly IBusControl _bus;
    private readonly QueueNames _names;

    private JobBusClient(ServiceProvider services, QueueNames names) =>
        (_services, _bus, _names) = (services, services.GetRequiredService<IBusControl>(), names);

    /// <summary>Connects to a broker.</summary>
    /// <param name="options">Where it is; the queue within a process can't be reached from another one.</param>
    /// <param name="cancellation">Ends the wait for it.</param>
    /// <exception cref="ArgumentException">An option cannot be, or there is no broker in them.</exception>
    public static async Task<JobBusClient> ConnectAsync(QueueOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Broker is null)
            throw new ArgumentException("No broker is configured, and the queue within a silo cannot be reached from outside it.", nameof(options));
        var services = new ServiceCollection().AddLogging();
        JobBus.AddBus(services, options, consume: false, deploy: false, _ => { });
        var client = new JobBusClient(services.BuildServiceProvider(), new QueueNames(options.Prefix));
        try
        {
            await client._bus.StartAsync(cancellation).ConfigureAwait(false);
            return client;
        }
        catch
        {
            await client._services.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Sends a job; returns when the broker has it on its disk.</summary>
    /// <exception cref="InvalidOperationException">The queue does not exist: nobody has deployed it.</exception>
    public Task SubmitAsync(SubmitVideoJob job, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(job);
        return SendAsync(_names.Submit, job, (byte)job.Priority, cancellation);
    }

    /// <summary>Sends the order to end a job.</summary>
    /// <exception cref="InvalidOperationException">The queue does not exist: nobody has deployed it.</exception>
    public Task CancelAsync(CancelVideoJob order, CancellationToken cancellation) =>
        SendAsync(_names.Cancel, order, priority: 0, cancellation);

    /// <summary>Asks where a job stands: all who watch it are told.</summary>
    /// <exception cref="InvalidOperationException">The queue does not exist: nobody has deployed it.</exception>
    public Task TellAsync(TellVideoJob question, CancellationToken cancellation) =>
        SendAsync(_names.Tell, question, priority: 0, cancellation);

    /// <summary>
    /// All that becomes of a job to its end, whenever one begins to look: what happened before, what was lost and what came in
    /// another order is asked for again.
    /// </summary>
    /// <param name="job">The job's id.</param>
    /// <param name="watching">Done when nothing can be missed any more: submit or cancel the job there.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The same reader again and again, whenever it knows more.</returns>
    /// <exception cref="InvalidOperationException">The queue does not exist: nobody has deployed it.</exception>
    public async IAsyncEnumerable<VideoJobReader> FollowAsync(
        Guid job, Func<Task>? watching = null, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var (reader, question) = (new VideoJobReader(), new TellVideoJob { JobId = job });
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var events = WatchAsync(job, ready.SetResult, over.Token).GetAsyncEnumerator(over.Token);
        var next = events.MoveNextAsync().AsTask();
        try
        {
            await (await Task.WhenAny(ready.Task, next).ConfigureAwait(false)).ConfigureAwait(false);
            if (watching is not null)
                await watching().ConfigureAwait(false);
            await TellAsync(question, cancellation).ConfigureAwait(false);
            var asked = Stopwatch.GetTimestamp();
            while (reader.End is null)
            {
                // Silence may be that of a broker that was away, and took this queue with it.
                var isSilent = await Task.WhenAny(next, Task.Delay(s_silence, cancellation)).ConfigureAwait(false) != next;
                cancellation.ThrowIfCancellationRequested();
                if (isSilent || (reader.IsBehind && Stopwatch.GetElapsedTime(asked) > s_gap))
                {
                    await TellAsync(question, cancellation).ConfigureAwait(false);
                    asked = Stopwatch.GetTimestamp();
                }
                if (isSilent)
                    continue;
                if (!await next.ConfigureAwait(false))
                    yield break;
                var isNew = reader.Read(events.Current);
                next = events.MoveNextAsync().AsTask();
                if (isNew)
                    yield return reader;
            }
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await events.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>
    /// What becomes of a job from now on, to its end. What happened before it was watched is not told, nor what happens while
    /// the broker is away: see <see cref="FollowAsync"/>.
    /// </summary>
    /// <param name="job">The job's id.</param>
    /// <param name="watching">Called when nothing can be missed any more: submit the job then.</param>
    /// <param name="cancellation">Ends it.</param>
    public async IAsyncEnumerable<VideoJobEvent> WatchAsync(
        Guid job, Action? watching = null, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var events = Channel.CreateUnbounded<VideoJobEvent>();
        var endpoint = _bus.ConnectReceiveEndpoint(_names.Watch(Guid.NewGuid()), configurator =>
        {
            var rabbit = (IRabbitMqReceiveEndpointConfigurator)configurator;
            rabbit.ConfigureConsumeTopology = false;
            rabbit.Durable = false;
            rabbit.AutoDelete = true;
            rabbit.PublishFaults = false;
            // One at a time keeps them in order.
            rabbit.ConcurrentMessageLimit = 1;
            Listen<VideoJobAccepted>(rabbit);
            Listen<VideoJobUnknown>(rabbit);
            Listen<VideoJobProgress>(rabbit);
            Listen<VideoJobCompleted>(rabbit);
            Listen<VideoJobFailed>(rabbit);
        });
        try
        {
            await endpoint.Ready.WaitAsync(cancellation).ConfigureAwait(false);
            watching?.Invoke();
            await foreach (var happened in events.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
            {
                yield return happened;
                if (happened is VideoJobCompleted or VideoJobFailed)
                    yield break;
            }
        }
        finally
        {
            await endpoint.StopAsync(CancellationToken.None).ConfigureAwait(false);
        }

        void Listen<T>(IRabbitMqReceiveEndpointConfigurator rabbit) where T : VideoJobEvent
        {
            rabbit.Bind(_names.Event(typeof(T)), binding =>
            {
                binding.ExchangeType = RabbitMQ.Client.ExchangeType.Direct;
                binding.RoutingKey = RoutingKey(job);
            });
            rabbit.Handler<T>(context =>
            {
                events.Writer.TryWrite(context.Message);
                return Task.CompletedTask;
            });
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _bus.StopAsync(CancellationToken.None).ConfigureAwait(false);
        await _services.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>By which an event finds those who watch its job.</summary>
    internal static string RoutingKey(Guid job) => job.ToString("N");

    private async Task SendAsync<T>(string queue, T message, byte priority, CancellationToken cancellation) where T : class
    {
        // To the queue's exchange: to name the queue would make it anew, without its priorities.
        var endpoint = await _bus.GetSendEndpoint(new Uri($"exchange:{queue}")).ConfigureAwait(false);
        try
        {
            await endpoint.Send(message, context =>
            {
                context.Durable = true;
                var rabbit = context.GetPayload<RabbitMqSendContext>();
                rabbit.Mandatory = true;
                rabbit.BasicProperties.Priority = priority;
            }, cancellation).ConfigureAwait(false);
        }
        catch (MessageReturnedException)
        {
            throw new InvalidOperationException($"The broker has no queue {queue}: run hieravid silo --deploy once, and start a silo with the role ingress.");
        }
    }
}
