namespace HieraVid.Models.Generation;

/// <summary>How the next token is chosen and when to stop.</summary>
public sealed record SamplingOptions
{
    /// <summary>0 takes the most probable token (greedy); above, probabilities are softmax(logits / temperature).</summary>
    public double Temperature { get; init; }

    /// <summary>Only the most probable tokens whose probabilities together reach this are drawn from. 1 keeps all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Only this many most probable tokens are drawn from. 0 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>
    /// Applied once per distinct token seen, before anything else: z &lt; 0 ? z·p : z/p. 1 is off. LLaVA's own generation counts
    /// generated tokens only (models.md, section 1).
    /// </summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>The same seed, logits and options give the same tokens.</summary>
    public int Seed { get; init; }

    /// <summary>At most this many tokens are generated.</summary>
    public int MaxTokens { get; init; } = 256;

    /// <summary>Tokens that end the answer; they are not part of it.</summary>
    public IReadOnlyList<int> StopTokens { get; init; } = [];
}

/// <summary>Why generation ended.</summary>
public enum FinishReason
{
    /// <summary>The model produced a stop token.</summary>
    Stop,

    /// <summary>The limit on new tokens was reached.</summary>
    Length,
}
