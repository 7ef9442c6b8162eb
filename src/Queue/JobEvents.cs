using HieraVid.Contracts;
using MassTransit;

namespace HieraVid.Queue;

/// <summary>Tells whoever listens what becomes of jobs.</summary>
/// <param name="bus">The bus.</param>
public sealed class JobEvents(IBus bus)
{
    /// <summary>Publishes an event; returns when the broker has it.</summary>
    /// <param name="event">The event.</param>
    /// <param name="cancellation">Ends the wait for a broker that is away.</param>
    public Task PublishAsync(VideoJobEvent @event, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(@event);
        // By its own type: the base has no exchange. Progress may be lost, and is not worth a disk.
        return bus.Publish(@event, @event.GetType(), context => context.Durable = @event is not (VideoJobProgress or VideoJobUnknown), cancellation);
    }
}
