using System.Globalization;

namespace HieraVid.Pruning;

/// <summary>
/// Reads a method's options from text. What is read becomes known, so that a misspelt name can be told from a real one.
/// </summary>
/// <param name="method">The method's name, for messages.</param>
/// <param name="given">Values by name, as a user wrote them.</param>
public sealed class MethodSettings(string method, IReadOnlyDictionary<string, string> given)
{
    private readonly List<string> _known = [];

    /// <summary>The names that were asked for so far.</summary>
    public IReadOnlyList<string> Known => _known;

    /// <summary>A number.</summary>
    /// <exception cref="PruningException">The text is none.</exception>
    public double Number(string name, double standard) => Value(name, standard, "a number",
        text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var x) ? x : null);

    /// <summary>A number in a range.</summary>
    /// <exception cref="PruningException">The text is none, or it is out of range.</exception>
    public double Number(string name, double standard, double least, double most)
    {
        var value = Number(name, standard);
        // Written so that NaN fails.
        return value >= least && value <= most ? value : throw PruningException.OutOfRange(
            name, value, FormattableString.Invariant($"from {least} to {most}"));
    }

    /// <summary>A whole number that is not too small.</summary>
    /// <exception cref="PruningException">The text is none, or it is below the least.</exception>
    public int Integer(string name, int standard, int least)
    {
        var value = Integer(name, standard);
        return value >= least ? value : throw PruningException.OutOfRange(
            name, value, FormattableString.Invariant($"at least {least}"));
    }

    /// <summary>A whole number.</summary>
    /// <exception cref="PruningException">The text is none.</exception>
    public int Integer(string name, int standard) => Value(name, standard, "a whole number",
        text => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var x) ? x : null);

    /// <summary>True or false.</summary>
    /// <exception cref="PruningException">The text is neither.</exception>
    public bool Flag(string name, bool standard) => Value(name, standard, "true or false",
        text => bool.TryParse(text, out var x) ? x : null);

    /// <summary>One of an enumeration's values.</summary>
    /// <exception cref="PruningException">The text names none.</exception>
    public T Choice<T>(string name, T standard) where T : struct, Enum => Value(name, standard,
        string.Join(" or ", Enum.GetNames<T>().Select(value => value.ToLowerInvariant())),
        text => text.All(char.IsLetter) && Enum.TryParse<T>(text, ignoreCase: true, out var x) ? x : null);

    /// <summary>Refuses names that nobody asked for.</summary>
    /// <exception cref="PruningException">There is one.</exception>
    public void RequireAllKnown()
    {
        if (given.Keys.FirstOrDefault(name => !_known.Contains(name)) is { } unknown)
            throw PruningException.UnknownSetting(method, unknown, _known);
    }

    private T Value<T>(string name, T standard, string expected, Func<string, T?> parse) where T : struct
    {
        _known.Add(name);
        if (!given.TryGetValue(name, out var text))
            return standard;
        return parse(text) ?? throw PruningException.UnreadableSetting(method, name, text, expected);
    }
}
