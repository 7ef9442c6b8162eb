using HieraVid.Contracts;
using MassTransit;

namespace HieraVid.Queue;

/// <summary>What things are called on the broker. All names begin with the prefix, so that permissions can be given by it.</summary>
public sealed class QueueNames(string prefix) : IEntityNameFormatter, IDeadLetterQueueNameFormatter
{
    /// <summary>Where jobs are submitted.</summary>
    public string Submit => $"{prefix}-submit";

    /// <summary>Where jobs are cancelled.</summary>
    public string Cancel => $"{prefix}-cancel";

    /// <summary>Where it is asked how jobs stand.</summary>
    public string Tell => $"{prefix}-tell";

    /// <summary>Where messages lie that could not be taken, with the reason in the header MT-Fault-Message.</summary>
    public static string ErrorsOf(string queue) => $"{queue}_error";

    /// <summary>Where messages lie that could not be read.</summary>
    public static string DeadOf(string queue) => $"{queue}_dead";

    /// <summary>The queue of one that watches.</summary>
    internal string Watch(Guid id) => $"{prefix}-watch-{id:N}";

    /// <summary>The bus's own queue, which nothing is sent to.</summary>
    internal string Own(Guid id) => $"{prefix}-bus-{id:N}";

    /// <summary>The exchange of an event.</summary>
    public string Event(Type type) => $"{prefix}-event-{Word(type)}";

    /// <inheritdoc/>
    public string FormatEntityName<T>() => typeof(T).IsAssignableTo(typeof(VideoJobEvent)) ? Event(typeof(T)) : $"{prefix}-message-{Word(typeof(T))}";

    /// <inheritdoc/>
    public string FormatDeadLetterQueueName(string queueName) => DeadOf(queueName);

    private static string Word(Type type) => type.Name.Replace("VideoJob", "", StringComparison.Ordinal).Split('`')[0].ToLowerInvariant();
}
