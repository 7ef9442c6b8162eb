using System.Runtime.Serialization;
using System.Text.Json;
using MassTransit;
using MassTransit.Transports;

namespace HieraVid.Queue;

/// <summary>Parts messages that could not be read, which no retry will help, from those that could not be taken.</summary>
internal sealed class DeadLetterFilter : IFilter<ExceptionReceiveContext>
{
    public async Task Send(ExceptionReceiveContext context, IPipe<ExceptionReceiveContext> next)
    {
        if (!IsUnreadable(context.Exception) || !context.TryGetPayload(out IDeadLetterTransport? dead))
        {
            await next.Send(context).ConfigureAwait(false);
            return;
        }
        await dead.Send(context, Reason(context.Exception)).ConfigureAwait(false);
        // Else MassTransit takes the message for one that nobody wanted, and puts it there a second time.
        await context.NotifyFaulted(context.Exception).ConfigureAwait(false);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("dead-letter");

    internal static bool IsUnreadable(Exception exception) => exception is SerializationException or JsonException;

    // The cause says where in the text it is; headers are to stay short.
    private static string Reason(Exception exception)
    {
        var message = (exception.InnerException ?? exception).Message;
        return message[..Math.Min(message.Length, 500)];
    }
}
