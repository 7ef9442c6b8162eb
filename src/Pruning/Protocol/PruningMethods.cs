namespace HieraVid.Pruning;

/// <summary>What a method has to know of the model whose tokens it prunes.</summary>
/// <param name="LayerCount">The decoder's layers.</param>
/// <param name="RowNewlines">Whether a newline token follows every row of a frame, as in LLaVA-Video.</param>
public sealed record ModelTraits(int LayerCount, bool RowNewlines = false);

/// <summary>A pruning method as users can ask for it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it does, in one line.</param>
/// <param name="Create">Makes it, from the budget, the settings and the model.</param>
public sealed record PruningMethodEntry(
    string Name, string Description, Func<double, MethodSettings, ModelTraits, PruningMethod> Create);

/// <summary>The pruning methods by name.</summary>
public static class PruningMethods
{
    /// <summary>No pruning.</summary>
    public const string None = "none";

    /// <summary>HieraVid.</summary>
    public const string HieraVid = "hieravid";

    /// <summary>FastVID.</summary>
    public const string FastVid = "fastvid";

    /// <summary>All methods, in the order in which they are listed to users.</summary>
    public static IReadOnlyList<PruningMethodEntry> All { get; } =
    [
        new(HieraVid, "segments, merging, and selection inside three layers", CreateHieraVid),
        new(FastVid, "segments; the most attended tokens, and density peaks that the others fold into",
            (budget, settings, model) => new FastVidMethod(FastVidOptions.Read(settings, model), Share(budget))),
        new(None, "every visual token goes through every layer", (_, _, _) => new NoPruning()),
    ];

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(method => method.Name)];

    /// <summary>Finds a method.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="PruningException">No method has this name.</exception>
    public static PruningMethodEntry Find(string name) =>
        All.FirstOrDefault(method => method.Name == name) ?? throw PruningException.UnknownMethod(name, Names);

    /// <summary>Makes a method.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="budget">Mean share of the visual tokens that a layer sees, above 0 and at most 1.</param>
    /// <param name="settings">Options of the method by name; the others keep their defaults.</param>
    /// <param name="model">The model.</param>
    /// <exception cref="PruningException">
    /// No such method or setting, a number out of range, or the model cannot carry it.
    /// </exception>
    public static PruningMethod Create(
        string name, double budget, IReadOnlyDictionary<string, string> settings, ModelTraits model)
    {
        var read = new MethodSettings(name, settings);
        var method = Find(name).Create(budget, read, model);
        read.RequireAllKnown();
        return method;
    }

    /// <summary>The settings that a method knows.</summary>
    /// <param name="name">The method.</param>
    public static IReadOnlyList<string> SettingsOf(string name)
    {
        var read = new MethodSettings(name, new Dictionary<string, string>());
        Find(name).Create(1, read, new ModelTraits(PruningSchedule.LeastLayers));
        return read.Known;
    }

    // Written so that NaN fails.
    private static double Share(double budget) => budget > 0 && budget <= 1
        ? budget
        : throw PruningException.OutOfRange("budget", budget, "above 0 and at most 1");

    private static PruningMethod CreateHieraVid(double budget, MethodSettings settings, ModelTraits model)
    {
        var options = HieraVidOptions.Read(settings);
        var schedule = PruningSchedule.ForBudget(budget, model.LayerCount);
        return schedule.PrunesNothing ? new NoPruning() : new HieraVidMethod(options, schedule);
    }
}
