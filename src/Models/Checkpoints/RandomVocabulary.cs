namespace HieraVid.Models.Checkpoints;

/// <summary>
/// The vocabulary of made-up checkpoints: bytes, and words grown one character at a time. A random model picks any token
/// with equal right, so that words are what makes its gibberish readable.
/// </summary>
internal static class RandomVocabulary
{
    private const string Words =
        "a the is and of in on at to with from near by it he she they we you man woman child person people dog cat car truck " +
        "bus bike train road street house room table chair window door tree river water sky sun light dark red green blue " +
        "white black yellow left right up down front back walks runs stands sits opens closes moves stops turns looks holds " +
        "takes puts cuts plays talks first then after before while one two three four many few some video frame scene camera";

    /// <summary>The merges in order of rank, in the byte alphabet: "Ġ" stands for the space before a word.</summary>
    internal static IReadOnlyList<(string Left, string Right)> Merges { get; } = Grow();

    /// <summary>Ids 0 to Size − 1 are the bytes and the merges' results.</summary>
    internal static int Size => 256 + Merges.Count;

    private static List<(string Left, string Right)> Grow()
    {
        var merges = new List<(string Left, string Right)>();
        var known = new HashSet<string>();
        foreach (var word in Words.Split(' '))
        {
            var spaced = "Ġ" + word;
            for (var length = 2; length <= spaced.Length; length++)
                if (known.Add(spaced[..length]))
                    merges.Add((spaced[..(length - 1)], spaced[(length - 1)..length]));
        }
        return merges;
    }
}
