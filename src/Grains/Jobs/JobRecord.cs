namespace HieraVid.Grains;

/// <summary>What is stored of a job.</summary>
[GenerateSerializer]
public sealed class JobRecord
{
    /// <summary>The job as it was submitted; null for one that never was.</summary>
    [Id(0)]
    public Submission? Job { get; set; }

    /// <summary>The machine's state, as exact JSON.</summary>
    [Id(1)]
    public byte[] State { get; set; } = [];

    /// <summary>When it was submitted.</summary>
    [Id(2)]
    public DateTimeOffset Submitted { get; set; }

    /// <summary>When it ended.</summary>
    [Id(3)]
    public DateTimeOffset? Ended { get; set; }

    /// <summary>The answer, once it is complete.</summary>
    [Id(4)]
    public string Answer { get; set; } = "";

    /// <summary>What ended the answer.</summary>
    [Id(6)]
    public string Finish { get; set; } = "";

    /// <summary>Whether the outcome was told and all was freed.</summary>
    [Id(5)]
    public bool IsFinished { get; set; }

    /// <summary>Whether it was cancelled before it was submitted.</summary>
    [Id(7)]
    public bool IsCancelled { get; set; }
}
