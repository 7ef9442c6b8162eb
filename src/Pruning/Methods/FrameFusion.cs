using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>How far FrameFusion has come (baselines, section 6).</summary>
/// <param name="Sparsity">The share that each merge took away.</param>
/// <param name="Merging">Whether the next call merges.</param>
/// <param name="Pruning">Whether a prune is still to come once merging is over.</param>
public sealed record FrameFusionState(double[] Sparsity, bool Merging, bool Pruning);

/// <summary>FrameFusion's plan: the call before layer 0 is decided with it.</summary>
/// <param name="Shape">The video.</param>
/// <param name="Merge">The tokens that merge before the model.</param>
/// <param name="State">After that call.</param>
public sealed record FrameFusionPlan(VideoShape Shape, MergeSelection Merge, FrameFusionState State) : PruningPlan(Shape);

/// <summary>What a later call decided.</summary>
/// <param name="Point">Where.</param>
/// <param name="Origins">The tokens that were there.</param>
/// <param name="Kept">The rows that go on.</param>
/// <param name="State">After the call.</param>
public sealed record FrameFusionSelection(LayerPoint Point, int[] Origins, int[] Kept, FrameFusionState State)
    : LayerSelection(Point, Origins, Kept);

/// <summary>
/// FrameFusion: similar tokens of following frames merge before the model and inside its first layers, then the least
/// attended ones go (baselines, section 6).
/// </summary>
/// <param name="cost">r, the mean share of tokens over the layers.</param>
/// <param name="layers">The model's layers.</param>
/// <param name="similarity">S_th, the cosine from which tokens merge.</param>
/// <param name="leastRatio">Merging ends with the first call that merges a smaller share than this.</param>
public sealed class FrameFusion(double cost, int layers, double similarity, double leastRatio) : PruningMethod
{
    /// <inheritdoc/>
    public override string Name => "framefusion";

    internal static PruningMethod Create(double share, MethodSettings settings, ModelTraits model) => new FrameFusion(
        share, model.LayerCount, settings.Number("similarity", 0.6, -1, 1), settings.Number("leastRatio", 0.1, 0, 1));

    /// <inheritdoc/>
    public override LayerTokens[] Nominal(VideoShape video, int layerCount) =>
        FlopsTokens.Uniform(cost * video.Tokens, layerCount);

    /// <inheritdoc/>
    public override SimilaritySummary Summarise(TokenChunk chunk) => SimilaritySummary.Of(chunk);

    /// <summary>Step 2, with the call before layer 0.</summary>
    /// <inheritdoc/>
    public override FrameFusionPlan Plan(IReadOnlyList<ChunkSummary> summaries, int room)
    {
        var (map, shape) = SimilaritySummary.Join(summaries);
        var (merge, state) = Decide(map, shape.Positions, new FrameFusionState([], Merging: true, Pruning: true));
        return new FrameFusionPlan(shape, merge, state) { Room = room };
    }

    /// <inheritdoc/>
    public override PrunedChunk Apply(TokenChunk piece, PruningPlan plan)
    {
        plan.Require(piece);
        return MergeRuns.Apply(piece, ((FrameFusionPlan)plan).Merge);
    }

    /// <inheritdoc/>
    public override LayerNeed Wants(PruningPlan plan, LayerPoint point, IReadOnlyList<LayerSelection> earlier)
    {
        var state = StateOf(plan, earlier);
        return point.Place != LayerPlace.AfterAttention ? LayerNeed.Nothing
            : state.Merging ? LayerNeed.Hidden
            : state.Pruning ? LayerNeed.HiddenAndAttention
            : LayerNeed.Nothing;
    }

    /// <inheritdoc/>
    public override FrameFusionSelection Select(
        PruningPlan plan, LayerPoint point, IReadOnlyList<LayerSelection> earlier, LayerTokenStates tokens)
    {
        var state = StateOf(plan, earlier);
        if (state.Merging)
            return Merge(point, tokens, plan.Shape.Positions, state);
        var keep = (int)Math.Round(tokens.Origins.Length * (1 - Need(state.Sparsity)));
        return new FrameFusionSelection(point, tokens.Origins, FastV.MostAttended(tokens.Attention!, keep), state with { Pruning = false });
    }

    private static FrameFusionState StateOf(PruningPlan plan, IReadOnlyList<LayerSelection> earlier) =>
        earlier.Count == 0 ? ((FrameFusionPlan)plan).State : ((FrameFusionSelection)earlier[^1]).State;

    // The share that must go now for the mean over all layers to come out at the cost, 0 to 1. Every call counts for one
    // layer at the density that it leaves, as the golden values have it.
    private double Need(double[] sparsity)
    {
        var (density, used) = (1.0, 0.0);
        foreach (var gone in sparsity)
            used += density *= 1 - gone;
        var left = (layers * cost - used) / ((layers - sparsity.Length) * density);
        return left > 1 ? 0 : Math.Min(1, 1 - left);
    }

    // One merge call: all similar tokens where that leaves too many, else just as many as are needed.
    private (MergeSelection Merge, FrameFusionState State) Decide(float[] map, int exempt, FrameFusionState state)
    {
        var need = Need(state.Sparsity);
        var similar = Array.ConvertAll(map, value => value >= (float)similarity);
        var count = similar.Count(merges => merges);
        var ratio = (double)count / map.Length;
        return ratio < need
            ? (new MergeSelection((float)similarity, -1, count, similar),
                new FrameFusionState([.. state.Sparsity, ratio], ratio >= leastRatio, state.Pruning))
            : (MergeSelection.Choose(map, exempt, need), state with { Merging = false, Pruning = false });
    }

    private FrameFusionSelection Merge(LayerPoint point, LayerTokenStates tokens, int positions, FrameFusionState state)
    {
        using var scope = NewDisposeScope();
        var count = tokens.Origins.Length;
        // The remaining token before each at its position; −1 for the first.
        var previous = new int[count];
        var last = new Dictionary<int, int>();
        for (var row = 0; row < count; row++)
        {
            previous[row] = last.GetValueOrDefault(tokens.Origins[row] % positions, -1);
            last[tokens.Origins[row] % positions] = row;
        }
        var (merge, after) = Decide(Similarities(tokens.Hidden, previous), 0, state);
        var anchor = new int[count];
        for (var row = 0; row < count; row++)
            anchor[row] = merge.Merged[row] && previous[row] >= 0 ? anchor[previous[row]] : row;
        int[] kept = [.. Rows.Range(count).Where(row => anchor[row] == row)];
        return new FrameFusionSelection(point, tokens.Origins, kept, after)
        {
            Hidden = kept.Length == count ? null : Means(tokens.Hidden, anchor, kept).MoveToOuterDisposeScope(),
        };
    }

    private static float[] Similarities(Tensor hidden, int[] previous)
    {
        var rows = Rows.Range(previous.Length).Where(row => previous[row] >= 0).ToArray();
        var cosines = SimilarityMap.Between(Rows.Take(hidden, rows), Rows.Take(hidden, [.. rows.Select(row => previous[row])]));
        var all = new float[previous.Length];
        // Below every threshold, and never among the most similar.
        Array.Fill(all, float.NaN);
        for (var i = 0; i < rows.Length; i++)
            all[rows[i]] = cosines[i];
        return all;
    }

    private static Tensor Means(Tensor hidden, int[] anchor, int[] kept)
    {
        var place = new int[anchor.Length];
        for (var i = 0; i < kept.Length; i++)
            place[kept[i]] = i;
        var sums = new GroupSums(kept.Length, (int)hidden.shape[1]);
        sums.Add(Rows.Wide(hidden), [.. anchor.Select(row => place[row])]);
        return sums.Means().to(hidden.dtype).to(hidden.device);
    }
}
