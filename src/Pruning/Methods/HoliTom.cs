using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>HoliTom's parameters (baselines, section 10).</summary>
public sealed record HoliTomOptions
{
    /// <summary>τ, the cosine above which a token counts as standing still. 0.8 by default.</summary>
    public double Tau { get; init; } = 0.8;

    /// <summary>β, a centre's weight in its cluster. 0.6 by default.</summary>
    public double Beta { get; init; } = 0.6;

    /// <summary>D, the share of a frame's rows that are cluster centres. 0 by default.</summary>
    public double Density { get; init; }

    /// <summary>K, neighbours that make a density. 7 by default.</summary>
    public int Neighbours { get; init; } = 7;

    /// <summary>Most frames in a window. 1024 by default.</summary>
    public int LongestWindow { get; init; } = 1024;

    /// <summary>The layer before which tokens are merged inside the model. 18 of 28 by default.</summary>
    public int InnerLayer { get; init; } = 18;

    /// <summary>R, the share that the inner merge takes away; 0 leaves it out. 0.5 by default.</summary>
    public double InnerRatio { get; init; } = 0.5;
}

/// <summary>HoliTom's plan: its pieces are the windows.</summary>
/// <param name="Shape">The video.</param>
/// <param name="Still">Whether a token is like the next frame's at its position, [(F−1)·N].</param>
/// <param name="Ratio">r′, the share of averaged tokens to keep.</param>
public sealed record HoliTomPlan(VideoShape Shape, bool[] Still, double Ratio) : PruningPlan(Shape);

/// <summary>
/// HoliTom: windows in which positions stand still are averaged over time, the most attended tokens of the rest stay, and
/// half of all tokens fold into others deep inside the model (baselines, section 10).
/// </summary>
/// <param name="share">r.</param>
/// <param name="options">The other parameters.</param>
public sealed class HoliTom(double share, HoliTomOptions options) : InputMethod(share)
{
    /// <inheritdoc/>
    public override string Name => "holitom";

    /// <inheritdoc/>
    public override IReadOnlyList<VisionSignal> Signals => [VisionSignal.ReceivedAttention];

    /// <inheritdoc/>
    public override LayerTokens[] Nominal(VideoShape video, int layerCount) => FlopsTokens.Step(
        Share * video.Tokens, options.InnerLayer, Share * video.Tokens * (1 - options.InnerRatio), layerCount);

    internal static PruningMethod Create(double share, MethodSettings settings, ModelTraits model)
    {
        var standard = new HoliTomOptions();
        return new HoliTom(share, new HoliTomOptions
        {
            Tau = settings.Number("tau", standard.Tau, -1, 1),
            Beta = settings.Number("beta", standard.Beta, 0, 1),
            Density = settings.Number("density", standard.Density, 0, 1),
            Neighbours = settings.Integer("neighbours", standard.Neighbours, least: 1),
            LongestWindow = settings.Integer("longestWindow", standard.LongestWindow, least: 1),
            InnerLayer = Pruning.InnerLayer.Read(settings, "innerLayer", standard.InnerLayer, model),
            InnerRatio = settings.Number("innerRatio", standard.InnerRatio, 0, 1),
        });
    }

    /// <inheritdoc/>
    public override SimilaritySummary Summarise(TokenChunk chunk) => SimilaritySummary.Of(chunk);

    /// <inheritdoc/>
    public override PruningPlan Plan(IReadOnlyList<ChunkSummary> summaries, int room)
    {
        var (similarity, shape) = SimilaritySummary.Join(summaries);
        var still = similarity.Skip(shape.Positions).Select(value => value > (float)options.Tau).ToArray();
        var windows = HoliTomWindows.Of(still, shape.Frames, shape.Positions, options.LongestWindow);
        return new HoliTomPlan(shape, still, Ratio(Share, shape.Tokens, windows.Reduced)) { Room = room, Pieces = windows.Windows };
    }

    /// <summary>r′: what is to be kept of the tokens that averaging leaves.</summary>
    public static double Ratio(double share, int tokens, int reduced) =>
        Math.Min(share / ((double)(tokens - reduced) / tokens), 1);

    /// <inheritdoc/>
    public override PrunedChunk Apply(TokenChunk piece, PruningPlan plan)
    {
        plan.Require(piece);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var (still, ratio) = (((HoliTomPlan)plan).Still, ((HoliTomPlan)plan).Ratio);
        var positions = piece.Positions;
        var score = piece.Signal(VisionSignal.ReceivedAttention, Name).ToArray<float>();
        var statics = piece.FrameCount == 1 ? [] : Rows.Range(positions)
            .Where(p => Enumerable.Range(piece.FirstFrame, piece.FrameCount - 1).All(f => still[f * positions + p])).ToArray();
        var dynamics = Rows.Others(statics, positions);
        var (origins, values, sizes) = (new List<int>(), new List<Tensor>(), new List<int>());
        var count = (int)Math.Round(statics.Length * ratio);
        if (count > 0)
            Cluster(0, statics, Average(piece.Tokens, statics), count, piece.FrameCount);
        for (var f = 0; f < piece.FrameCount; f++)
        {
            var frame = Rows.Frame(piece.Tokens, f);
            var total = (int)Math.Ceiling(dynamics.Length * ratio);
            var dominant = Ranking.Top([.. dynamics.Select(p => score[f * positions + p])], (int)Math.Round(total * (1 - options.Density)))
                .Order().Select(i => dynamics[i]).ToArray();
            if (dominant.Length > 0)
                Keep(f, dominant, Rows.Take(frame, dominant).to(float32), 1);
            var rest = dynamics.Except(dominant).ToArray();
            if (total > dominant.Length)
                Cluster(f, rest, Rows.Take(frame, rest).to(float32), total - dominant.Length, 1);
        }
        var rows = values.Count == 0 ? piece.Tokens.reshape(-1, piece.Width).narrow(0, 0, 0) : cat(values, 0).to(piece.Tokens.dtype);
        return PrunedChunk.Of(piece, origins, rows.MoveToOuterDisposeScope(), sizes);

        void Keep(int frame, IEnumerable<int> kept, Tensor rows, int size)
        {
            var before = origins.Count;
            origins.AddRange(kept.Select(p => frame * positions + p));
            sizes.AddRange(Enumerable.Repeat(size, origins.Count - before));
            values.Add(rows);
        }

        void Cluster(int frame, int[] group, Tensor rows, int centres, int size)
        {
            var (chosen, merged) = Fold(rows, centres, options.Neighbours, options.Beta);
            Keep(frame, chosen.Select(i => group[i]), merged, size);
        }
    }

    /// <summary>Cluster centres by position, each mixed with the mean of the others of its cluster.</summary>
    /// <param name="rows">[n, D].</param>
    /// <param name="count">Centres, at most n.</param>
    /// <param name="neighbours">K, clamped to <paramref name="count"/>.</param>
    /// <param name="beta">A centre's weight.</param>
    /// <returns>The centres' rows, ascending, and their values in float32, owned by the caller's dispose scope.</returns>
    private static (int[] Centres, Tensor Values) Fold(Tensor rows, int count, int neighbours, double beta)
    {
        using var scope = NewDisposeScope();
        var clusters = DensityClusters.Of(rows, count, Math.Min(neighbours, count));
        var order = Rows.Range(count).OrderBy(c => clusters.Centres[c]).ToArray();
        var place = new int[count];
        for (var i = 0; i < count; i++)
            place[order[i]] = i;
        var centres = Array.ConvertAll(order, c => clusters.Centres[c]);
        var group = clusters.Labels.Select((label, row) => clusters.Centres[label] == row ? -1 : place[label]).ToArray();
        var sums = new GroupSums(count, (int)rows.shape[1]);
        sums.Add(Rows.Wide(rows), group);
        var weights = Array.ConvertAll(sums.Counts, others => others == 0 ? 1f : (float)beta);
        return (centres, sums.Blend(Rows.Take(rows, centres), weights).to(rows.device).MoveToOuterDisposeScope());
    }

    private static Tensor Average(Tensor tokens, int[] positions)
    {
        using var scope = NewDisposeScope();
        var sum = zeros([positions.Length, tokens.shape[2]], float64, tokens.device);
        for (var f = 0; f < tokens.shape[0]; f++)
            sum.add_(Rows.Take(Rows.Frame(tokens, f), positions).to(float64));
        return (sum / (double)tokens.shape[0]).to(float32).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override LayerNeed Wants(PruningPlan plan, LayerPoint point, IReadOnlyList<LayerSelection> earlier) =>
        options.InnerRatio > 0 && point == Pruning.InnerLayer.Before(options.InnerLayer)
            ? LayerNeed.HiddenAndAttention
            : LayerNeed.Nothing;

    /// <inheritdoc/>
    public override LayerSelection Select(
        PruningPlan plan, LayerPoint point, IReadOnlyList<LayerSelection> earlier, LayerTokenStates tokens)
    {
        var kept = FastV.MostAttended(tokens.Attention!, FastV.Count(tokens.Origins.Length, options.InnerRatio));
        return new LayerSelection(point, tokens.Origins, kept) { Hidden = FoldInto(tokens.Hidden, kept) };
    }

    /// <summary>Folds every dropped row into the kept one most like it: h ← (h + dropped)/2, one after the other.</summary>
    /// <param name="hidden">[n, D].</param>
    /// <param name="kept">Ascending.</param>
    /// <returns>[kept, D] in the type of <paramref name="hidden"/>, owned by the caller's dispose scope.</returns>
    public static Tensor FoldInto(Tensor hidden, int[] kept)
    {
        using var scope = NewDisposeScope();
        var dropped = Rows.Others(kept, (int)hidden.shape[0]);
        var (to, from) = (Rows.Take(hidden, kept).to(float32), Rows.Take(hidden, dropped).to(float32));
        if (kept.Length == 0 || dropped.Length == 0)
            return to.to(hidden.dtype).MoveToOuterDisposeScope();
        var cosines = Rows.Unit(from).mm(Rows.Unit(to).transpose(0, 1)).ToArray<float>();
        var folded = new GroupSums(kept.Length, (int)hidden.shape[1]);
        folded.Add(Rows.Wide(to), Rows.Range(kept.Length));
        var rows = Rows.Wide(from);
        for (var i = 0; i < dropped.Length; i++)
        {
            var nearest = Math.Max(0, Ranking.ArgMax(cosines.AsSpan(i * kept.Length, kept.Length)));
            folded.Halve(rows, i, nearest);
        }
        return folded.Sums().to(hidden.dtype).to(hidden.device).MoveToOuterDisposeScope();
    }
}
