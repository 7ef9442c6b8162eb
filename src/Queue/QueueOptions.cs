namespace HieraVid.Queue;

/// <summary>Where the queue is and how it is read.</summary>
public sealed record QueueOptions
{
    /// <summary>
    /// The RabbitMQ broker: <c>amqp://host[:port]/vhost</c>, or <c>amqps</c> for TLS. Null: a queue within this process.
    /// </summary>
    public Uri? Broker { get; init; }

    /// <summary>The broker's user.</summary>
    public string User { get; init; } = "guest";

    /// <summary>The user's password.</summary>
    public string Password { get; init; } = "guest";

    /// <summary>What all names on the broker begin with; the user's permissions are made of it.</summary>
    public string Prefix { get; init; } = "hieravid";

    /// <summary>Messages that a silo takes at once. Taking one is writing it down: milliseconds.</summary>
    public int Prefetch { get; init; } = 16;

    /// <summary>How often a message that could not be taken is tried again, before it goes to the error queue.</summary>
    public int Retries { get; init; } = 6;

    /// <summary>The wait before the first retry; each further one doubles it, up to <see cref="RetryMaximum"/>.</summary>
    public TimeSpan RetryMinimum { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// The longest wait. The message is held while it is retried, so all retries together are to stay within seconds.
    /// </summary>
    public TimeSpan RetryMaximum { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Checks the options.</summary>
    /// <exception cref="ArgumentException">One cannot be; the message is one sentence for whoever configures it.</exception>
    public void Validate()
    {
        if (Broker is { } broker && (!broker.IsAbsoluteUri || broker.Scheme is not ("amqp" or "amqps")))
            throw Bad($"The queue's broker {(broker.IsAbsoluteUri ? broker.GetLeftPart(UriPartial.Path) : "")} is no amqp:// or amqps:// address.");
        if (Broker is { UserInfo.Length: > 0 })
            throw Bad("The queue's broker address holds a user or password: give them by themselves, so that the address can be logged.");
        if (Prefix.Length is 0 or > 40 || !Prefix.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            throw Bad($"The queue's prefix '{Prefix}' is not of lower-case letters, digits and '-'.");
        if (Prefetch is < 1 or > 1000)
            throw Bad($"The queue's prefetch {Prefetch} is out of range: take 1 to 1000.");
        if (Retries is < 0 or > 20)
            throw Bad($"The queue's retries {Retries} are out of range: take 0 to 20.");
        if (RetryMinimum < TimeSpan.Zero || RetryMaximum < RetryMinimum || RetryMaximum > TimeSpan.FromSeconds(30))
            throw Bad("The queue's waits before a retry are out of range: the longest is at least the shortest and at most 30 s.");
    }

    /// <summary>Without the password.</summary>
    public override string ToString() => Broker is null ? "in this process" : $"{Broker.GetLeftPart(UriPartial.Path)} as {User}";

    private static ArgumentException Bad(string sentence) => new(sentence);
}
