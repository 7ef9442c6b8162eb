namespace HieraVid.Models.Tokenization;

/// <summary>
/// Byte-pair encoding of one word: again and again the pair of neighbours with the lowest rank is merged, the leftmost
/// first among equals. Takes O(n log n), so that a word of 100,000 letters is no attack.
/// </summary>
internal static class BytePairMerger
{
    /// <summary>Merges a word's symbols.</summary>
    /// <param name="symbols">The tokens of the single bytes; overwritten.</param>
    /// <param name="merges">(left token, right token) to (rank, merged token).</param>
    /// <returns>The tokens of the word.</returns>
    public static int[] Merge(int[] symbols, Dictionary<(int Left, int Right), (int Rank, int Token)> merges)
    {
        var next = new int[symbols.Length];
        var previous = new int[symbols.Length];
        var queue = new PriorityQueue<(int At, int Left, int Right, int Token), (int Rank, int At)>();
        for (var i = 0; i < symbols.Length; i++)
        {
            next[i] = i + 1;
            previous[i] = i - 1;
            Enqueue(i);
        }

        while (queue.TryDequeue(out var pair, out _))
        {
            // Since it was queued, either half may have gone into another merge; then the entry is stale.
            var right = symbols[pair.At] == pair.Left ? next[pair.At] : symbols.Length;
            if (right >= symbols.Length || symbols[right] != pair.Right)
                continue;
            symbols[pair.At] = pair.Token;
            symbols[right] = -1;
            next[pair.At] = next[right];
            if (next[right] < symbols.Length)
                previous[next[right]] = pair.At;
            if (previous[pair.At] >= 0)
                Enqueue(previous[pair.At]);
            Enqueue(pair.At);
        }
        return Array.FindAll(symbols, symbol => symbol >= 0);

        void Enqueue(int at)
        {
            if (next[at] < symbols.Length
                && merges.TryGetValue((symbols[at], symbols[next[at]]), out var merge))
                queue.Enqueue((at, symbols[at], symbols[next[at]], merge.Token), (merge.Rank, at));
        }
    }
}
