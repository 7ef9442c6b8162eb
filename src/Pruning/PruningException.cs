namespace HieraVid.Pruning;

/// <summary>
/// A pruning option or input cannot be used. The message is one sentence that names the input, says what is wrong and
/// what to do; it can be shown to a user as it is.
/// </summary>
public sealed class PruningException : Exception
{
    private PruningException(string message) : base(message)
    {
    }

    /// <summary>A number is outside its range.</summary>
    /// <param name="name">The option as a user knows it: "budget".</param>
    /// <param name="value">What was given.</param>
    /// <param name="range">What would be accepted, as a clause: "above 0 and at most 1".</param>
    public static PruningException OutOfRange(string name, double value, string range) =>
        new(FormattableString.Invariant($"The {name} must be {range} but is {value}."));

    /// <summary>A model has too few layers for a schedule with three prunings inside it.</summary>
    /// <param name="layerCount">The model's layers.</param>
    /// <param name="least">The fewest that would do.</param>
    public static PruningException TooFewLayers(int layerCount, int least) =>
        new($"A model of {layerCount} layers cannot carry a schedule that prunes inside it: use one with at least "
            + $"{least} layers, or budget 1.");

    /// <summary>The chunks given for one video don't make up the video.</summary>
    /// <param name="fault">What is wrong, as a clause: "frames 16 to 31 are missing".</param>
    public static PruningException BadChunks(string fault) =>
        new($"The chunks don't make up one video: {fault}; give every chunk exactly once.");

    /// <summary>A tensor or list has another shape than the plan or the other inputs demand.</summary>
    /// <param name="what">The input: "hidden states".</param>
    /// <param name="expected">What is needed.</param>
    /// <param name="found">What was given.</param>
    public static PruningException WrongShape(string what, string expected, string found) =>
        new($"The {what} must have the shape {expected} but have {found}: give those of the same video and stage.");

    /// <summary>More tokens would stay than the model's window has room for.</summary>
    /// <param name="method">The method.</param>
    /// <param name="tokens">Tokens that stay.</param>
    /// <param name="room">Tokens that fit.</param>
    public static PruningException NoRoom(string method, int tokens, int room) =>
        new(FormattableString.Invariant($"Method {method} keeps {tokens:N0} visual tokens and the model's window has room ")
            + FormattableString.Invariant($"for {Math.Max(0, room):N0}: take fewer frames, a smaller budget, or hieravid, ")
            + "which fits any video.");

    /// <summary>A method needs a signal of the vision tower that is not there.</summary>
    /// <param name="method">The method.</param>
    /// <param name="signal">The signal.</param>
    public static PruningException NoSignal(string method, VisionSignal signal) =>
        new($"Method {method} needs {VisionSignals.Describe(signal)}, which was not given with the tokens.");

    /// <summary>A method cannot keep so little.</summary>
    /// <param name="method">The method.</param>
    /// <param name="budget">What was asked for.</param>
    /// <param name="least">The least that it can keep.</param>
    /// <param name="reason">Why, as a clause.</param>
    public static PruningException BudgetTooSmall(string method, double budget, double least, string reason) =>
        new(FormattableString.Invariant($"Method {method} cannot keep only {budget} of the tokens, because {reason}: ")
            + FormattableString.Invariant($"take a budget of at least {least}, or another method."));

    /// <summary>No method has the name.</summary>
    /// <param name="name">What was asked for.</param>
    /// <param name="known">The names there are.</param>
    public static PruningException UnknownMethod(string name, IReadOnlyList<string> known) =>
        new($"The pruning method \"{name}\" is not known{Suggestion(name, known)}: take one of {string.Join(", ", known)}.");

    // The name that is few keystrokes away, if there is one.
    private static string Suggestion(string name, IReadOnlyList<string> known)
    {
        var nearest = known.MinBy(other => Distance(name, other));
        return nearest is not null && Distance(name, nearest) <= Math.Max(1, nearest.Length / 3) ? $" (did you mean {nearest}?)" : "";
    }

    // Levenshtein's: insertions, deletions and replacements, regardless of case.
    private static int Distance(string x, string y)
    {
        var row = Enumerable.Range(0, y.Length + 1).ToArray();
        for (var i = 1; i <= x.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= y.Length; j++)
            {
                var same = char.ToUpperInvariant(x[i - 1]) == char.ToUpperInvariant(y[j - 1]);
                (diagonal, row[j]) = (row[j], Math.Min(diagonal + (same ? 0 : 1), 1 + Math.Min(row[j], row[j - 1])));
            }
        }
        return row[^1];
    }

    /// <summary>An assembly gives no method.</summary>
    /// <param name="file">The file.</param>
    /// <param name="fault">What is wrong, as a clause.</param>
    public static PruningException BadAssembly(string file, string fault) =>
        new($"{file} gives no pruning method: {fault}; docs/methods.md has an example.");

    /// <summary>Two methods want the same name.</summary>
    /// <param name="name">The name.</param>
    public static PruningException NameTaken(string name) =>
        new($"There is a pruning method \"{name}\" already: give yours another name.");

    /// <summary>A method has no such option.</summary>
    /// <param name="method">The method.</param>
    /// <param name="name">What was asked for.</param>
    /// <param name="known">The options that it has.</param>
    public static PruningException UnknownSetting(string method, string name, IReadOnlyList<string> known) =>
        new($"Method {method} has no option {name}: {(known.Count == 0 ? "it has none" : $"take one of {string.Join(", ", known)}")}.");

    /// <summary>An option's value cannot be read.</summary>
    /// <param name="method">The method.</param>
    /// <param name="name">The option.</param>
    /// <param name="text">What was given.</param>
    /// <param name="expected">What would be accepted: "a number".</param>
    public static PruningException UnreadableSetting(string method, string name, string text, string expected) =>
        new($"The option {name} of method {method} must be {expected} but is \"{text}\".");
}
