namespace HieraVid.World;

/// <summary>SplitMix64 (public domain): the same numbers from the same seed on every machine and runtime.</summary>
public sealed class SeededRandom(ulong seed)
{
    private ulong _state = seed;

    /// <summary>A generator whose numbers have nothing to do with those of another purpose.</summary>
    public static SeededRandom For(long seed, string purpose)
    {
        var hash = 0xCBF29CE484222325; // FNV-1a
        foreach (var letter in purpose)
            hash = (hash ^ letter) * 0x100000001B3;
        return new SeededRandom(new SeededRandom(hash ^ (ulong)seed * 0x9E3779B97F4A7C15).Next());
    }

    /// <summary>64 random bits.</summary>
    public ulong Next()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>0 to <paramref name="bound"/> − 1.</summary>
    public int Below(int bound) => (int)Math.BigMul(Next(), (ulong)bound, out _);

    /// <summary>From <paramref name="low"/> up to, not including, <paramref name="high"/>.</summary>
    public double Between(double low, double high) => low + (Next() >> 11) * (1.0 / (1UL << 53)) * (high - low);

    /// <summary>True with the given probability.</summary>
    public bool Chance(double probability) => Between(0, 1) < probability;

    /// <summary>One of the items.</summary>
    public T Pick<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    /// <summary>The items in random order.</summary>
    public List<T> Shuffle<T>(IEnumerable<T> items)
    {
        var list = items.ToList();
        for (var i = list.Count - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (list[i], list[j]) = (list[j], list[i]);
        }
        return list;
    }
}
