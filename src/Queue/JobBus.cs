using HieraVid.Contracts;
using MassTransit;
using MassTransit.Middleware;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace HieraVid.Queue;

/// <summary>The cluster's end of the queue. All that is MassTransit is in this project.</summary>
public static class JobBus
{
    private static readonly TimeSpan s_stopTime = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Adds the queue to a silo that takes jobs: it needs an <see cref="IJobIntake"/>, and offers <see cref="JobEvents"/>. The
    /// host starts without waiting for the broker; the health check "masstransit-bus" knows whether it is there.
    /// </summary>
    /// <param name="services">The silo's services.</param>
    /// <param name="options">Where the queue is.</param>
    /// <param name="consume">Whether this silo takes jobs; one that doesn't publishes events only.</param>
    /// <exception cref="ArgumentException">An option cannot be.</exception>
    public static IServiceCollection AddJobBus(this IServiceCollection services, QueueOptions options, bool consume = true)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<JobEvents>();
        return AddBus(services, options, consume, deploy: false, bus =>
        {
            if (!consume)
                return;
            bus.AddConsumer<SubmitConsumer>();
            bus.AddConsumer<CancelConsumer>();
            bus.AddConsumer<TellConsumer>();
        });
    }

    /// <summary>
    /// Makes the queues and exchanges, as deployment does it before anything is sent: what comes before its queue exists
    /// would be lost. Done twice it changes nothing.
    /// </summary>
    /// <exception cref="ArgumentException">An option cannot be.</exception>
    public static async Task DeployAsync(QueueOptions options, CancellationToken cancellation)
    {
        var services = new ServiceCollection().AddLogging();
        services.AddSingleton<IJobIntake, NoIntake>();
        services.AddSingleton<JobEvents>();
        services.AddSingleton(TimeProvider.System);
        AddBus(services, options, consume: true, deploy: true, bus =>
        {
            bus.AddConsumer<SubmitConsumer>();
            bus.AddConsumer<CancelConsumer>();
            bus.AddConsumer<TellConsumer>();
        });
        var provider = services.BuildServiceProvider();
        var bus = provider.GetRequiredService<IBusControl>();
        // Started means that every endpoint has made its queue.
        await bus.StartAsync(cancellation).ConfigureAwait(false);
        try
        {
            await bus.StopAsync(cancellation).WaitAsync(s_stopTime, cancellation).ConfigureAwait(false);
            await provider.DisposeAsync().ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // An endpoint that connects anew at this moment waits for a connection that is closed already, whatever the token
            // says (MassTransit 8.4 and 8.5, one time in some twenty). The connection ends with the process.
        }
    }

    internal static IServiceCollection AddBus(
        IServiceCollection services, QueueOptions options, bool consume, bool deploy, Action<IBusRegistrationConfigurator> register)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        services.Configure<MassTransitHostOptions>(host =>
        {
            host.WaitUntilStarted = false;
            host.StopTimeout = TimeSpan.FromSeconds(20);
        });
        return services.AddMassTransit(bus =>
        {
            // It would report to its makers what runs here.
            bus.DisableUsageTelemetry();
            register(bus);
            if (options.Broker is null)
            {
                bus.UsingInMemory((context, memory) =>
                {
                    Shape(memory, options);
                    if (consume)
                        Receive(context, memory, options, (_, _) => { });
                });
            }
            else
            {
                bus.UsingRabbitMq((context, rabbit) =>
                {
                    // Names first: what follows is made under them.
                    Shape(rabbit, options);
                    Connect(rabbit, options);
                    rabbit.DeployTopologyOnly = deploy;
                    rabbit.DeployPublishTopology = deploy;
                    if (consume)
                        Receive(context, rabbit, options, (endpoint, _) => endpoint.EnablePriority((byte)JobPriority.High));
                });
            }
        });
    }

    private static void Connect(IRabbitMqBusFactoryConfigurator rabbit, QueueOptions options)
    {
        rabbit.Host(options.Broker!, host =>
        {
            host.Username(options.User);
            host.Password(options.Password);
            host.ConnectionName($"{options.Prefix} {Environment.MachineName} {Environment.ProcessId}");
        });
        rabbit.OverrideDefaultBusEndpointQueueName(new QueueNames(options.Prefix).Own(Guid.NewGuid()));
        // An event goes to those who watch its job, and to nobody else.
        rabbit.Publish<VideoJobEvent>(topology => topology.Exclude = true);
        Direct<VideoJobAccepted>();
        Direct<VideoJobUnknown>();
        Direct<VideoJobProgress>();
        Direct<VideoJobCompleted>();
        Direct<VideoJobFailed>();

        void Direct<T>() where T : VideoJobEvent
        {
            rabbit.Publish<T>(topology => topology.ExchangeType = RabbitMQ.Client.ExchangeType.Direct);
            rabbit.Send<T>(topology => topology.UseRoutingKeyFormatter(context => JobBusClient.RoutingKey(context.Message.JobId)));
        }
    }

    private static void Shape(IBusFactoryConfigurator bus, QueueOptions options)
    {
        var names = new QueueNames(options.Prefix);
        bus.MessageTopology.SetEntityNameFormatter(names);
        bus.SendTopology.DeadLetterQueueNameFormatter = names;
    }

    private static void Receive<TEndpoint>(
        IBusRegistrationContext context, IReceiveConfigurator<TEndpoint> bus, QueueOptions options, Action<TEndpoint, string> shape)
        where TEndpoint : IReceiveEndpointConfigurator
    {
        var names = new QueueNames(options.Prefix);
        bus.ReceiveEndpoint(names.Submit, endpoint => Configure<SubmitConsumer>(endpoint, names.Submit));
        bus.ReceiveEndpoint(names.Cancel, endpoint => Configure<CancelConsumer>(endpoint, names.Cancel));
        bus.ReceiveEndpoint(names.Tell, endpoint => Configure<TellConsumer>(endpoint, names.Tell));

        void Configure<TConsumer>(TEndpoint endpoint, string name) where TConsumer : class, IConsumer
        {
            endpoint.PrefetchCount = options.Prefetch;
            endpoint.ConcurrentMessageLimit = options.Prefetch;
            // Messages are sent to the queue, not published; and nobody listens to MassTransit's own events of faults.
            endpoint.ConfigureConsumeTopology = false;
            endpoint.PublishFaults = false;
            shape(endpoint, name);
            endpoint.ConfigureError(pipe =>
            {
                pipe.UseFilter(new DeadLetterFilter());
                pipe.UseFilter(new GenerateFaultFilter());
                pipe.UseFilter(new ErrorTransportFilter());
            });
            endpoint.UseMessageRetry(retry =>
            {
                retry.Ignore<System.Text.Json.JsonException>();
                retry.Ignore<System.Runtime.Serialization.SerializationException>();
                retry.Intervals(Waits(options));
            });
            endpoint.ConfigureConsumer<TConsumer>(context);
        }
    }

    private static TimeSpan[] Waits(QueueOptions options) =>
        [.. Enumerable.Range(0, options.Retries).Select(i => TimeSpan.FromTicks((long)Math.Min(options.RetryMaximum.Ticks, options.RetryMinimum.Ticks * Math.Pow(2, i))))];

    // Deployment makes queues and takes nothing from them.
    private sealed class NoIntake : IJobIntake
    {
        public Task AcceptAsync(SubmitVideoJob job, CancellationToken cancellation) => throw new NotSupportedException();

        public Task CancelAsync(CancelVideoJob order, CancellationToken cancellation) => throw new NotSupportedException();

        public Task TellAsync(TellVideoJob question, CancellationToken cancellation) => throw new NotSupportedException();
    }
}
