using HieraVid.Models.Tokenization;

namespace HieraVid.Models.Tests.Tokenization;

public sealed class BytePairMergerTests
{
    [Fact]
    public void Agrees_with_the_plain_rule_for_random_merges()
    {
        var random = new Random(3);
        for (var trial = 0; trial < 300; trial++)
        {
            var merges = RandomMerges(random);
            for (var word = 0; word < 10; word++)
            {
                var symbols = Enumerable.Range(0, random.Next(1, 30)).Select(_ => random.Next(3)).ToArray();
                Assert.Equal(Plain([.. symbols], merges), BytePairMerger.Merge(symbols, merges));
            }
        }
    }

    /// <summary>The rule word by word: look at all pairs, merge the leftmost of the lowest rank, start again.</summary>
    private static List<int> Plain(List<int> symbols, Dictionary<(int, int), (int Rank, int Token)> merges)
    {
        while (true)
        {
            var best = Enumerable.Range(0, Math.Max(symbols.Count - 1, 0))
                .Where(i => merges.ContainsKey((symbols[i], symbols[i + 1])))
                .Select(i => (merges[(symbols[i], symbols[i + 1])].Rank, At: i))
                .DefaultIfEmpty((Rank: -1, At: -1)).Min();
            if (best.At < 0)
                return symbols;
            symbols[best.At] = merges[(symbols[best.At], symbols[best.At + 1])].Token;
            symbols.RemoveAt(best.At + 1);
        }
    }

    private static Dictionary<(int, int), (int Rank, int Token)> RandomMerges(Random random)
    {
        // Tokens are distinct strings, so two pairs that spell the same share their token; ranks are in any order.
        var texts = new List<string> { "a", "b", "c" };
        var pairs = new List<(int, int, int)>();
        for (var i = 0; i < 12; i++)
        {
            var (left, right) = (random.Next(texts.Count), random.Next(texts.Count));
            var text = texts[left] + texts[right];
            if (!texts.Contains(text))
                texts.Add(text);
            pairs.Add((left, right, texts.IndexOf(text)));
        }
        return pairs.DistinctBy(pair => (pair.Item1, pair.Item2)).OrderBy(_ => random.Next())
            .Select((pair, rank) => (pair, rank))
            .ToDictionary(item => (item.pair.Item1, item.pair.Item2), item => (item.rank, item.pair.Item3));
    }
}
