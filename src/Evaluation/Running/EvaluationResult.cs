namespace HieraVid.Evaluation.Running;

/// <summary>One question answered under one setting: a line of the results.</summary>
public sealed record EvaluationResult
{
    /// <summary>The setting's name.</summary>
    public required string Setting { get; init; }

    /// <summary>The question's id.</summary>
    public required string Question { get; init; }

    /// <summary>The question's kind.</summary>
    public required string Kind { get; init; }

    /// <summary>What the model said.</summary>
    public required string Answer { get; init; }

    /// <summary>What that was taken for.</summary>
    public required string Parsed { get; init; }

    /// <summary>What would have been right.</summary>
    public required string Expected { get; init; }

    /// <summary>Whether it was.</summary>
    public required bool IsRight { get; init; }

    /// <summary>Whether nothing could be read from the answer and the benchmark's rule guesses.</summary>
    public bool IsGuessed { get; init; }

    /// <summary>Mean share of the visual tokens that a layer saw.</summary>
    public required double Retention { get; init; }

    /// <summary>The prefill's FLOPs (Eq. 12).</summary>
    public required double Flops { get; init; }

    /// <summary>Those FLOPs over the ones without pruning.</summary>
    public required double FlopsRatio { get; init; }

    /// <summary>Seconds of pruning and prefill.</summary>
    public required double PrefillSeconds { get; init; }
}
