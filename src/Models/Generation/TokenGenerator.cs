namespace HieraVid.Models.Generation;

/// <summary>Turns logits into tokens until a stop token or the limit.</summary>
public static class TokenGenerator
{
    /// <summary>Generates after a prefill.</summary>
    /// <param name="session">Holds the prompt.</param>
    /// <param name="logits">Of the prompt's last token, [vocabulary].</param>
    /// <param name="options">How to choose and when to stop.</param>
    /// <param name="onToken">Called with each token as it is chosen; stop tokens are not passed on.</param>
    /// <param name="seen">Tokens that the repetition penalty counts from the start.</param>
    /// <param name="cancellation">Looked at before each layer of each step.</param>
    public static FinishReason Run(
        DecodingSession session, float[] logits, SamplingOptions options, Action<int> onToken,
        IEnumerable<int>? seen = null, CancellationToken cancellation = default)
    {
        var sampler = new TokenSampler(options, seen);
        for (var count = 0; count < options.MaxTokens; count++)
        {
            var token = sampler.Next(logits);
            if (options.StopTokens.Contains(token))
                return FinishReason.Stop;
            onToken(token);
            // The last token needs no step: nothing is chosen after it.
            if (count + 1 < options.MaxTokens)
                logits = session.Step(token, cancellation);
        }
        return FinishReason.Length;
    }
}
