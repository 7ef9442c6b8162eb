using System.Text;
using System.Text.Json;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace HieraVid.Queue;

/// <summary>
/// The messages that silos gave up on: shows them, and sends those that could be read back to where they came from, when
/// what kept them from being taken is mended. Needs the permissions of a silo.
/// </summary>
public static class FailedMessages
{
    private const int MaxText = 10_000;

    // With these MassTransit says what went wrong and where.
    private const string FaultHeaders = "MT-", Reason = "MT-Fault-Message", DeadReason = "MT-Reason";

    /// <summary>What lies in the error queues and among the dead letters; it stays there.</summary>
    public static async Task<IReadOnlyList<FailedMessage>> ListAsync(QueueOptions options, CancellationToken cancellation)
    {
        var names = new QueueNames(options.Prefix);
        var found = new List<FailedMessage>();
        var connection = await ConnectAsync(options, cancellation).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            foreach (var queue in new[] { names.Submit, names.Cancel })
            {
                await DrainAsync(connection, QueueNames.ErrorsOf(queue), (_, message) => Found(queue, isReadable: true, message), cancellation).ConfigureAwait(false);
                await DrainAsync(connection, QueueNames.DeadOf(queue), (_, message) => Found(queue, isReadable: false, message), cancellation).ConfigureAwait(false);
            }
        }
        return found;

        // Not acknowledged: they go back when the channel closes.
        Task<bool> Found(string queue, bool isReadable, BasicGetResult message)
        {
            var text = Encoding.UTF8.GetString(message.Body.Span[..Math.Min(message.Body.Length, MaxText)]);
            found.Add(new FailedMessage(queue, isReadable, JobOf(message.Body), Header(message, isReadable ? Reason : DeadReason), text));
            return Task.FromResult(false);
        }
    }

    /// <summary>Sends what lies in the error queues back; each is removed there when the broker has it again.</summary>
    /// <returns>How many there were.</returns>
    public static async Task<int> RequeueAsync(QueueOptions options, CancellationToken cancellation)
    {
        var names = new QueueNames(options.Prefix);
        var count = 0;
        var connection = await ConnectAsync(options, cancellation).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            foreach (var queue in new[] { names.Submit, names.Cancel })
            {
                count += await DrainAsync(connection, QueueNames.ErrorsOf(queue), async (channel, message) =>
                {
                    var properties = new BasicProperties(message.BasicProperties)
                    {
                        Headers = message.BasicProperties.Headers?.Where(header => !header.Key.StartsWith(FaultHeaders, StringComparison.Ordinal)).ToDictionary(),
                        Persistent = true,
                    };
                    await channel.BasicPublishAsync(queue, "", mandatory: true, properties, message.Body, cancellation).ConfigureAwait(false);
                    return true;
                }, cancellation).ConfigureAwait(false);
            }
        }
        return count;
    }

    // Looks at as many as there are at the beginning, so that one which comes back at once is not met again.
    private static async Task<int> DrainAsync(
        IConnection connection, string queue, Func<IChannel, BasicGetResult, Task<bool>> handle, CancellationToken cancellation)
    {
        // With confirmations: a message is removed only when its copy is safe.
        var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), cancellation).ConfigureAwait(false);
        await using (channel.ConfigureAwait(false))
        {
            try
            {
                var count = (int)(await channel.QueueDeclarePassiveAsync(queue, cancellation).ConfigureAwait(false)).MessageCount;
                for (var i = 0; i < count; i++)
                {
                    if (await channel.BasicGetAsync(queue, autoAck: false, cancellation).ConfigureAwait(false) is not { } message)
                        return i;
                    if (await handle(channel, message).ConfigureAwait(false))
                        await channel.BasicAckAsync(message.DeliveryTag, multiple: false, cancellation).ConfigureAwait(false);
                }
                return count;
            }
            catch (OperationInterruptedException e) when (e.ShutdownReason?.ReplyCode == 404)
            {
                // The queue is made when the first message fails.
                return 0;
            }
        }
    }

    private static Task<IConnection> ConnectAsync(QueueOptions options, CancellationToken cancellation)
    {
        options.Validate();
        if (options.Broker is null)
            throw new ArgumentException("No broker is configured, so there are no failed messages that outlive their silo.", nameof(options));
        var factory = new ConnectionFactory { Uri = options.Broker, UserName = options.User, Password = options.Password, AutomaticRecoveryEnabled = false };
        return factory.CreateConnectionAsync(cancellation);
    }

    private static string Header(BasicGetResult message, string name) =>
        message.BasicProperties.Headers?.TryGetValue(name, out var value) is true && value is byte[] text ? Encoding.UTF8.GetString(text) : "";

    private static Guid? JobOf(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var envelope = JsonDocument.Parse(body);
            return envelope.RootElement.GetProperty("message").GetProperty("jobId").TryGetGuid(out var id) ? id : null;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }
}

/// <summary>A message that silos gave up on.</summary>
/// <param name="Queue">Where it came from.</param>
/// <param name="IsReadable">Whether it could be read: it may be sent back.</param>
/// <param name="Job">The job that it is about, if it says so.</param>
/// <param name="Reason">Why it failed.</param>
/// <param name="Text">The beginning of it.</param>
public sealed record FailedMessage(string Queue, bool IsReadable, Guid? Job, string Reason, string Text);
