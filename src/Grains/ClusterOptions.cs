namespace HieraVid.Grains;

/// <summary>How the cluster's grains work together; the same on all silos.</summary>
public sealed record ClusterOptions
{
    /// <summary>How long a worker may be silent before its work is given to another. 30 s: a killed silo costs no more.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a job offers its work again, in case the board was lost. 5 s.</summary>
    public TimeSpan OfferPeriod { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Longest time at an answer; after it the worker counts as hung, and its lease is not kept any more. 30 minutes: an
    /// answer of a thousand tokens takes a CPU that long.
    /// </summary>
    public TimeSpan AnswerLimit { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>The same for all other work: a chunk, a plan. 10 minutes: one core takes half of that to encode 64 frames.</summary>
    public TimeSpan ChunkLimit { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a silo that stops may go on with what it is at, before it hands it back. 20 s.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The name of the storage of jobs.</summary>
    public const string Storage = "jobs";
}
