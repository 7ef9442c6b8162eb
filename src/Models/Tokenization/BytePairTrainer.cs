using System.Text;

namespace HieraVid.Models.Tokenization;

/// <summary>Learns a byte-pair vocabulary: again and again the most frequent pair of neighbours becomes a token.</summary>
public static class BytePairTrainer
{
    /// <summary>Learns from a text until every word that occurs often enough is one token.</summary>
    /// <param name="texts">What the vocabulary is for.</param>
    /// <param name="minCount">Pairs rarer than this are not merged.</param>
    /// <param name="maxMerges">The most merges.</param>
    /// <returns>The merges in order of rank, in the byte alphabet, as <see cref="TokenizerFiles.Write"/> takes them.</returns>
    public static IReadOnlyList<(string Left, string Right)> Train(IEnumerable<string> texts, int minCount = 1, int maxMerges = 50_000)
    {
        var words = Count(texts);
        var merges = new List<(string Left, string Right)>();
        while (merges.Count < maxMerges)
        {
            var pairs = new Dictionary<(string Left, string Right), long>();
            foreach (var (symbols, count) in words)
                for (var i = 0; i + 1 < symbols.Count; i++)
                    pairs[(symbols[i], symbols[i + 1])] = pairs.GetValueOrDefault((symbols[i], symbols[i + 1])) + count;
            if (pairs.Count == 0)
                break;
            // Equal counts in alphabetical order, so that the same text always gives the same tokens.
            var best = pairs.OrderByDescending(pair => pair.Value)
                .ThenBy(pair => pair.Key.Left, StringComparer.Ordinal).ThenBy(pair => pair.Key.Right, StringComparer.Ordinal)
                .First();
            if (best.Value < minCount)
                break;
            merges.Add(best.Key);
            foreach (var (symbols, _) in words)
                Merge(symbols, best.Key);
        }
        return merges;
    }

    private static List<(List<string> Symbols, long Count)> Count(IEnumerable<string> texts)
    {
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var text in texts)
            for (int start = 0, end; start < text.Length; start = end)
            {
                end = Qwen2Splitter.WordEnd(text, start);
                counts[text[start..end]] = counts.GetValueOrDefault(text[start..end]) + 1;
            }
        return [.. counts.Select(word => (
            Encoding.UTF8.GetBytes(word.Key).Select(value => ByteAlphabet.Character(value).ToString()).ToList(), word.Value))];
    }

    private static void Merge(List<string> symbols, (string Left, string Right) pair)
    {
        for (var i = 0; i + 1 < symbols.Count; i++)
            if (symbols[i] == pair.Left && symbols[i + 1] == pair.Right)
            {
                symbols[i] += symbols[i + 1];
                symbols.RemoveAt(i + 1);
            }
    }
}
