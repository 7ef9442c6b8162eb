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
}
