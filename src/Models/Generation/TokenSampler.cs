namespace HieraVid.Models.Generation;

/// <summary>Chooses tokens from logits. Ties go to the lowest id, so that greedy choice is defined.</summary>
public sealed class TokenSampler
{
    private readonly SamplingOptions _options;
    private readonly HashSet<int> _seen;
    private readonly Random _random;

    /// <summary>A sampler for one answer.</summary>
    /// <param name="options">How to choose.</param>
    /// <param name="seen">Tokens that the repetition penalty counts from the start; usually none.</param>
    public TokenSampler(SamplingOptions options, IEnumerable<int>? seen = null)
    {
        _options = options;
        _seen = [.. seen ?? []];
        _random = new Random(options.Seed);
    }

    /// <summary>Chooses the next token and counts it as seen.</summary>
    /// <param name="logits">[vocabulary]; changed by the repetition penalty.</param>
    public int Next(Span<float> logits)
    {
        Penalize(logits);
        var token = _options.Temperature > 0 ? Draw(logits) : Highest(logits);
        _seen.Add(token);
        return token;
    }

    private void Penalize(Span<float> logits)
    {
        if (_options.RepetitionPenalty == 1)
            return;
        var penalty = (float)_options.RepetitionPenalty;
        foreach (var id in _seen)
            logits[id] = logits[id] < 0 ? logits[id] * penalty : logits[id] / penalty;
    }

    private static int Highest(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[best])
                best = i;
        }
        return best;
    }

    private int Draw(ReadOnlySpan<float> logits)
    {
        var order = new int[logits.Length];
        var keys = new float[logits.Length];
        for (var i = 0; i < order.Length; i++)
            (order[i], keys[i]) = (i, -logits[i]);
        Array.Sort(keys, order);
        var count = _options.TopK > 0 ? Math.Min(_options.TopK, order.Length) : order.Length;

        var weights = new double[count];
        double total = 0;
        for (var i = 0; i < count; i++)
            total += weights[i] = Math.Exp((keys[0] - keys[i]) / _options.Temperature);
        // The smallest head of the sorted list that reaches top-p; at least one token.
        double kept = 0;
        var last = 0;
        for (; last < count; last++)
        {
            kept += weights[last];
            if (kept >= _options.TopP * total)
                break;
        }
        var target = _random.NextDouble() * kept;
        for (var i = 0; i < Math.Min(last + 1, count); i++)
        {
            target -= weights[i];
            if (target < 0)
                return order[i];
        }
        return order[0];
    }
}
