namespace HieraVid.Pruning;

/// <summary>The pruning methods by name.</summary>
public static class PruningMethods
{
    /// <summary>No pruning: every visual token goes through every layer ("vanilla" in the papers).</summary>
    public const string None = "none";

    /// <summary>HieraVid: segments, merging, and selection inside three layers.</summary>
    public const string HieraVid = "hieravid";

    /// <summary>All known names, in the order in which they are listed to users.</summary>
    public static IReadOnlyList<string> Names { get; } = [HieraVid, None];
}
