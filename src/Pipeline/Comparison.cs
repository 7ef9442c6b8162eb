using System.Text.Json.Serialization;

namespace HieraVid.Pipeline;

/// <summary>Several pruning methods on one question about one video: what <c>hieravid compare --json</c> prints.</summary>
public sealed record ComparisonReport
{
    /// <summary>The video and what was sampled from it.</summary>
    public required VideoReport Video { get; init; }

    /// <summary>Visual tokens per frame.</summary>
    public required int Positions { get; init; }

    /// <summary>Visual tokens in a row of a frame's grid. For the report.</summary>
    [JsonIgnore]
    public int Columns { get; init; } = 1;

    /// <summary>When each frame (pair of frames, where the model takes pairs) is shown, in seconds. For the report.</summary>
    [JsonIgnore]
    public IReadOnlyList<double> Times { get; init; } = [];

    /// <summary>Decoder layers.</summary>
    public required int Layers { get; init; }

    /// <summary>The model's folder.</summary>
    public required string Model { get; init; }

    /// <summary><c>cpu</c> or <c>cuda:N</c>.</summary>
    public required string Device { get; init; }

    /// <summary><c>bf16</c>, <c>f32</c> or <c>f16</c>.</summary>
    public required string Dtype { get; init; }

    /// <summary>Seconds for waiting for frames and for the vision tower; spent once for all methods.</summary>
    public required double EncodeSeconds { get; init; }

    /// <summary>The methods, the unpruned model first.</summary>
    public required IReadOnlyList<ComparisonRow> Rows { get; init; }

    /// <summary>What the reader must know.</summary>
    public required IReadOnlyList<string> Notes { get; init; }
}

/// <summary>One method at one budget.</summary>
public sealed record ComparisonRow
{
    /// <summary>The method.</summary>
    public required string Method { get; init; }

    /// <summary>The asked share of tokens; 1 without pruning.</summary>
    public required double Budget { get; init; }

    /// <summary>Why it did not run, as a sentence; null where it did, and then the other values hold.</summary>
    public string? Refusal { get; init; }

    /// <summary>The answer.</summary>
    public string Answer { get; init; } = "";

    /// <summary>Whether it is the unpruned model's, letter for letter.</summary>
    public bool SameAnswer { get; init; }

    /// <summary>Whether the answer's first token is the unpruned model's.</summary>
    public bool SameFirstToken { get; init; }

    /// <summary>
    /// Kullback-Leibler divergence of the first token's distribution from the unpruned model's, in nats: 0 is the same.
    /// </summary>
    public double Divergence { get; init; }

    /// <summary>Visual tokens that enter the decoder.</summary>
    public int Entered { get; init; }

    /// <summary>Mean share of the visual tokens that a layer's feed-forward network works on.</summary>
    public double AverageRetention { get; init; }

    /// <summary>The prefill's FLOPs by the papers' yardstick.</summary>
    public double Flops { get; init; }

    /// <summary>The same over the unpruned model's.</summary>
    public double FlopsRatio { get; init; }

    /// <summary>Seconds for deciding what stays, before and inside the decoder.</summary>
    public double PruneSeconds { get; init; }

    /// <summary>Seconds for the decoder over the prompt, pruning not included.</summary>
    public double PrefillSeconds { get; init; }

    /// <summary>Bytes of keys and values after the prompt.</summary>
    public long CacheBytes { get; init; }

    /// <summary>
    /// Per token of the video: 0 if it, or what it was merged into, is not in the decoder; 1 if it was dropped inside; 2 if it reached
    /// the end. For the report.
    /// </summary>
    [JsonIgnore]
    public IReadOnlyList<byte> Fates { get; init; } = [];
}
