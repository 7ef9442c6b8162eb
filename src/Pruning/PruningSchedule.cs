namespace HieraVid.Pruning;

/// <summary>
/// How much HieraVid prunes at each of its four stages, and before which layers' feed-forward (specification, A1).
/// </summary>
/// <param name="LayerCount">The model's layers L.</param>
/// <param name="Ratios">Pruned fractions r₀ (merge) to r₃. A stage with ratio 0 is left out.</param>
/// <param name="Layers">The layers inside which stages 1 to 3 prune: L/4, L/2, 3L/4, rounded down.</param>
/// <remarks>
/// <para>The budget b is the mean over all layers of the share of visual tokens that a layer sees. A schedule is a
/// vector of four such shares, one per stage. The published schedules for 30 %, 20 % and 10 % are three points on a
/// path from nothing (all 0) to everything (all 1); each lies at its own mean, which is 30.01 %, 21.00 % and 11.00 % of
/// 28 layers. Any other budget takes the point at b by linear interpolation between its neighbours. The mean is linear,
/// so the budget is met exactly, for any layer count: the means of the three points are taken over that model's
/// stages.</para>
/// <para>Where interpolation would have a stage inside the model prune less than 5 % (budgets above about 0.74), which
/// the clamp on a segment's share cannot express, merging alone prunes: b at every layer. Budget 1 prunes nothing.
/// Counts of tokens are truncated and depend on the segments' scores, so a video's own mean differs by a little; one of
/// fewer than about 1/b frames cannot merge enough, because its first frame never merges.</para>
/// <para>Budgets 0.3, 0.2 and 0.1 are the published schedules themselves where the stages have equal lengths (L
/// divisible by 4). Three prunings need four stages: the smallest model is one of 4 layers.</para>
/// </remarks>
public sealed record PruningSchedule(int LayerCount, IReadOnlyList<double> Ratios, IReadOnlyList<int> Layers)
{
    /// <summary>The fewest layers that can carry four stages.</summary>
    public const int LeastLayers = 4;

    private const double LeastRatio = 0.05;

    private static readonly (double Budget, double[] Ratios)[] Published =
    [
        (0.1, [0.7, 0.6, 0.85, 0.9]),
        (0.2, [0.5, 0.5, 0.7, 0.8]),
        (0.3, [0.5, 0.3, 0.3, 0.57]),
    ];

    /// <summary>Whether it leaves every token in every layer.</summary>
    public bool PrunesNothing => Ratios.All(ratio => ratio == 0);

    /// <summary>The schedule for a budget.</summary>
    /// <param name="budget">Mean share of visual tokens per layer, above 0 and at most 1.</param>
    /// <param name="layerCount">The model's layers; any number for budget 1.</param>
    /// <exception cref="PruningException">The budget is out of range, or the model has too few layers.</exception>
    public static PruningSchedule ForBudget(double budget, int layerCount)
    {
        // Written so that NaN fails.
        if (!(budget > 0 && budget <= 1))
            throw PruningException.OutOfRange("budget", budget, "above 0 and at most 1");
        if (budget == 1)
            return new PruningSchedule(layerCount, [0, 0, 0, 0], Boundaries(layerCount));
        if (layerCount % 4 == 0 && Array.Find(Published, schedule => schedule.Budget == budget).Ratios is { } published)
            return FromRatios(published, layerCount);
        RequireLayers(layerCount);
        var ratios = RatiosOf(Interpolate(budget, layerCount));
        return FromRatios(ratios.Skip(1).Any(ratio => ratio < LeastRatio) ? [1 - budget, 0, 0, 0] : ratios, layerCount);
    }

    /// <summary>A schedule of one's own.</summary>
    /// <param name="ratios">r₀ to r₃, each at least 0 and below 1.</param>
    /// <param name="layerCount">The model's layers.</param>
    /// <exception cref="PruningException">A ratio is out of range, or the model has too few layers.</exception>
    public static PruningSchedule FromRatios(IReadOnlyList<double> ratios, int layerCount)
    {
        if (ratios.Count != 4)
            throw PruningException.OutOfRange("number of pruning ratios", ratios.Count, "4");
        foreach (var ratio in ratios)
        {
            if (!(ratio >= 0 && ratio < 1))
                throw PruningException.OutOfRange("pruning ratio", ratio, "at least 0 and below 1");
        }
        RequireLayers(layerCount);
        return new PruningSchedule(layerCount, [.. ratios], Boundaries(layerCount));
    }

    /// <summary>The nominal share of visual tokens after each stage, [4].</summary>
    public double[] StageShares()
    {
        var share = 1.0;
        return [.. Ratios.Select(ratio => share *= 1 - ratio)];
    }

    /// <summary>The nominal share of visual tokens that each layer's feed-forward sees, [L].</summary>
    public double[] LayerShares()
    {
        var shares = StageShares();
        return [.. Enumerable.Range(0, LayerCount)
            .Select(layer => shares[Layers.Count(boundary => boundary <= layer)])];
    }

    /// <summary>The nominal mean over layers: the budget.</summary>
    public double MeanRetention => LayerShares().Average();

    /// <summary>The stage that prunes inside a layer, 1 to 3; null if none does.</summary>
    public int? StageAt(int layer)
    {
        for (var i = 0; i < Layers.Count; i++)
            if (Layers[i] == layer && Ratios[i + 1] > 0)
                return i + 1;
        return null;
    }

    private static double[] Interpolate(double budget, int layerCount)
    {
        List<double[]> points =
        [
            [0, 0, 0, 0],
            .. Published.Select(schedule => FromRatios(schedule.Ratios, layerCount).StageShares()),
            [1, 1, 1, 1],
        ];
        var lengths = Lengths(layerCount);
        double Mean(double[] shares) => shares.Select((share, i) => share * lengths[i]).Sum() / layerCount;
        var upper = 1;
        while (Mean(points[upper]) < budget)
            upper++;
        var (below, above) = (points[upper - 1], points[upper]);
        var t = (budget - Mean(below)) / (Mean(above) - Mean(below));
        return [.. below.Select((share, i) => share + t * (above[i] - share))];
    }

    private static double[] RatiosOf(double[] shares) =>
        [.. shares.Select((share, i) => i == 0 ? 1 - share : 1 - share / shares[i - 1])];

    private static int[] Boundaries(int layerCount) => [layerCount / 4, layerCount / 2, 3 * layerCount / 4];

    private static int[] Lengths(int layerCount)
    {
        int[] edges = [0, .. Boundaries(layerCount), layerCount];
        return [.. Enumerable.Range(0, 4).Select(i => edges[i + 1] - edges[i])];
    }

    private static void RequireLayers(int layerCount)
    {
        if (layerCount < LeastLayers)
            throw PruningException.TooFewLayers(layerCount, LeastLayers);
    }
}
