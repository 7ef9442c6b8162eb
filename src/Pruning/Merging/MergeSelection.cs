using System.Text.Json.Serialization;

namespace HieraVid.Pruning;

/// <summary>
/// Which tokens fold into the one before them: the k most similar of the whole video (HieraVid, Eq. 3).
/// </summary>
/// <param name="Threshold">The k-th highest similarity; +∞ when nothing merges.</param>
/// <param name="LastTied">
/// The greatest token index that merges with a similarity equal to the threshold; −1 if none.
/// </param>
/// <param name="Count">How many merge.</param>
/// <param name="Merged">[N], true where a token merges.</param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record MergeSelection(float Threshold, int LastTied, int Count, bool[] Merged)
{
    /// <summary>
    /// Chooses int(r₀ · N) tokens by similarity, ties by lower index (specification, A5). Tokens of the first frame and
    /// NaN are never chosen, and the number is clamped to what remains.
    /// </summary>
    /// <param name="similarity">[N].</param>
    /// <param name="positions">P.</param>
    /// <param name="ratio">r₀; the product is formed in float64 and truncated.</param>
    public static MergeSelection Choose(ReadOnlySpan<float> similarity, int positions, double ratio)
    {
        var values = new float[Math.Max(0, similarity.Length - positions)];
        var count = 0;
        foreach (var value in similarity[Math.Min(positions, similarity.Length)..])
            if (!float.IsNaN(value))
                values[count++] = value;
        var wanted = Math.Min((int)(ratio * similarity.Length), count);
        var merged = new bool[similarity.Length];
        if (wanted <= 0)
            return new MergeSelection(float.PositiveInfinity, -1, 0, merged);

        Array.Sort(values, 0, count);
        var threshold = values[count - wanted];
        var above = 0;
        for (var i = count - 1; i >= 0 && values[i] > threshold; i--)
            above++;
        var (ties, lastTied) = (wanted - above, -1);
        for (var t = positions; t < merged.Length; t++)
        {
            merged[t] = similarity[t] > threshold || (similarity[t] == threshold && ties-- > 0);
            if (merged[t] && similarity[t] == threshold)
                lastTied = t;
        }
        return new MergeSelection(threshold, lastTied, wanted, merged);
    }

    /// <summary>The merging tokens, ascending.</summary>
    public int[] Candidates() => [.. Enumerable.Range(0, Merged.Length).Where(t => Merged[t])];

    /// <summary>The tokens that remain, ascending: each begins a run of the tokens that fold into it.</summary>
    public int[] Kept() => [.. Enumerable.Range(0, Merged.Length).Where(t => !Merged[t])];

    /// <summary>The remaining token that holds each token: itself, or the first of its run.</summary>
    /// <param name="positions">P.</param>
    /// <returns>[N].</returns>
    public int[] MergedInto(int positions)
    {
        var into = new int[Merged.Length];
        for (var t = 0; t < into.Length; t++)
            into[t] = Merged[t] ? into[t - positions] : t;
        return into;
    }
}
