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

    private static readonly List<PruningMethodEntry> s_all =
    [
        new(HieraVid, "segments, merging, and selection inside three layers", CreateHieraVid),
        new(FastVid, "segments; the most attended tokens, and density peaks that the others fold into", Checked(FastVidMethod.Create)),
        new("fastv", "after two layers, the tokens that the question's end attends to", Checked(FastV.Create)),
        new("framefusion", "similar tokens merge before and inside the first layers, then the least attended go", Checked(FrameFusion.Create)),
        new("prumerge", "attended tokens with their neighbours merged in, frame by frame", Checked(PruMerge.Create)),
        new("visionzip", "attended tokens, and evenly spaced ones that take up the others, frame by frame", Checked(VisionZip.Create)),
        new("prunevid", "scenes; static positions are averaged over time, the rest is clustered", Checked(PruneVid.Create)),
        new("dycoke", "one frame of four whole, of the others the tokens that changed", Checked(DyCoke.Create)),
        new("holitom", "windows that stand still are averaged; half of the rest folds away inside the model", Checked(HoliTom.Create)),
        new("flashvid", "diverse tokens, the others fold along time; most go deep inside the model", Checked(FlashVid.Create)),
        new("vidcom2", "more tokens of unusual frames", Checked(VidCom2.Create)),
        new("divprune", "tokens as far from each other as possible", Checked(DivPrune.Create)),
        new("cdpruner", "a determinantal point process over the whole video", Checked(CdPruner.Create)),
        new("evs", "the tokens that changed most since the frame before", Checked(Evs.Create)),
        new("streamingllm", "all tokens, but each sees only the first ones and its neighbours", Checked(StreamingLlm.Create)),
        new("uniform", "evenly spaced tokens, or frames", Checked(Uniform.Create)),
        new("random", "a seeded random choice", Checked(RandomTokens.Create)),
        new(None, "every visual token goes through every layer", (_, _, _) => new NoPruning()),
    ];

    /// <summary>All methods, in the order in which they are listed to users.</summary>
    public static IReadOnlyList<PruningMethodEntry> All => s_all;

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> Names => [.. All.Select(method => method.Name)];

    /// <summary>Makes a method known. To be called before any job runs: the list is not guarded.</summary>
    /// <exception cref="PruningException">Its name is taken.</exception>
    internal static void Add(PruningMethodEntry entry)
    {
        if (Names.Contains(entry.Name))
            throw PruningException.NameTaken(entry.Name);
        s_all.Add(entry with { Create = Checked(entry.Create) });
    }

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

    private static Func<double, MethodSettings, ModelTraits, PruningMethod> Checked(
        Func<double, MethodSettings, ModelTraits, PruningMethod> create) => (budget, settings, model) =>
        // Written so that NaN fails.
        budget > 0 && budget <= 1
            ? create(budget, settings, model)
            : throw PruningException.OutOfRange("budget", budget, "above 0 and at most 1");

    private static PruningMethod CreateHieraVid(double budget, MethodSettings settings, ModelTraits model)
    {
        var options = HieraVidOptions.Read(settings);
        var schedule = PruningSchedule.ForBudget(budget, model.LayerCount);
        return schedule.PrunesNothing ? new NoPruning() : new HieraVidMethod(options, schedule);
    }
}
