namespace HieraVid.Pruning;

/// <summary>Greatest and least values with the rule for ties that all methods share: the lower index wins.</summary>
/// <remarks>NaN comes after every number, so that it is taken only where nothing else is left.</remarks>
public static class Ranking
{
    /// <summary>Indices of the greatest values, greatest first.</summary>
    /// <param name="values">[n].</param>
    /// <param name="count">At most n are given.</param>
    public static int[] Top(ReadOnlySpan<float> values, int count)
    {
        var keys = new long[values.Length];
        for (var i = 0; i < keys.Length; i++)
            keys[i] = ((long)~Ordered(values[i]) << 32) | (uint)i;
        Array.Sort(keys);
        return [.. keys.Take(count).Select(key => (int)key)];
    }

    /// <summary>Indices of the least values, least first.</summary>
    /// <param name="values">[n].</param>
    /// <param name="count">At most n are given.</param>
    public static int[] Bottom(ReadOnlySpan<float> values, int count)
    {
        var negated = new float[values.Length];
        for (var i = 0; i < negated.Length; i++)
            negated[i] = -values[i];
        return Top(negated, count);
    }

    /// <summary>The first index of the greatest value; −1 where there is no number.</summary>
    public static int ArgMax(ReadOnlySpan<float> values)
    {
        var best = -1;
        for (var i = 0; i < values.Length; i++)
        {
            if (!float.IsNaN(values[i]) && (best < 0 || values[i] > values[best]))
                best = i;
        }
        return best;
    }

    // An integer that orders like the float; both zeros are equal and NaN is least.
    private static int Ordered(float value)
    {
        if (float.IsNaN(value))
            return int.MinValue;
        var bits = value == 0 ? 0 : BitConverter.SingleToInt32Bits(value);
        return bits >= 0 ? bits : bits ^ int.MaxValue;
    }
}
