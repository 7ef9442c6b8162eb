namespace HieraVid.Pruning.Dpp;

/// <summary>What keeps the selection defined where the arithmetic has nothing left to decide by.</summary>
internal static class Guard
{
    /// <summary>
    /// A token is spent once d² ≤ 1e-5·relevance²: d² is a difference of numbers near relevance², and float32 leaves an
    /// error of about 6e-8·√k of that, 4e-6 after 4,000 picks. Without this rule a token in the span of the selected ones
    /// is chosen by rounding noise, and a negative d² ends in NaN.
    /// </summary>
    internal const float SpentFraction = 1e-5f;

    /// <summary>The largest d² with which a token of this relevance counts as spent; NaN makes it spent from the start.</summary>
    internal static float Floor(float relevance) => SpentFraction * (relevance * relevance);

    /// <summary>
    /// The most tokens that are selected by d²: vectors of D dimensions span no more, so every d² is 0 after D picks, whatever
    /// rounding has left of it.
    /// </summary>
    internal static int MostPicks(int keep, int dimension) => Math.Min(keep, dimension);

    /// <summary>Fills the places that are left by relevance, highest first, then lowest index. NaN comes last.</summary>
    /// <param name="order">Selected tokens as places in the segment; complete afterwards.</param>
    /// <param name="selected">How many are there already.</param>
    /// <param name="relevance">Relevance per place in the segment.</param>
    internal static void Fill(Span<int> order, int selected, ReadOnlySpan<float> relevance)
    {
        var taken = new bool[relevance.Length];
        foreach (var token in order[..selected])
            taken[token] = true;
        var rest = new List<(float Relevance, int Token)>();
        for (var i = 0; i < taken.Length; i++)
            if (!taken[i])
                rest.Add((relevance[i], i));
        // float.CompareTo puts NaN below everything.
        rest.Sort((a, b) => b.Relevance.CompareTo(a.Relevance) is var c and not 0 ? c : a.Token.CompareTo(b.Token));
        for (var place = selected; place < order.Length; place++)
            order[place] = rest[place - selected].Token;
    }
}
