using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>Which tokens FlashVID selects of a frame before it merges the others.</summary>
public enum FlashVidSelection
{
    /// <summary>Diverse and attended ones, weighted by their likeness to the segment's frames.</summary>
    AttnDivV2,

    /// <summary>Diverse and attended ones.</summary>
    AttnDiv,

    /// <summary>The most attended ones.</summary>
    Attn,

    /// <summary>Diverse ones.</summary>
    Div,
}

/// <summary>FlashVID's parameters (baselines, section 11).</summary>
public sealed record FlashVidOptions
{
    /// <summary>How much more than r enters the model. 1.25 by default.</summary>
    public double Expansion { get; init; } = 1.25;

    /// <summary>α, the share of a frame's budget that is selected. 0.7 by default.</summary>
    public double Alpha { get; init; } = 0.7;

    /// <summary>τ_t, the cosine above which a token folds into one of the frame before. 0.8 by default.</summary>
    public double Tau { get; init; } = 0.8;

    /// <summary>The similarity of frames below which a segment ends. 0.9 by default.</summary>
    public double SegmentThreshold { get; init; } = 0.9;

    /// <summary>The fewest segments. 8 by default.</summary>
    public int Segments { get; init; } = 8;

    /// <summary>How tokens are selected.</summary>
    public FlashVidSelection Selection { get; init; } = FlashVidSelection.AttnDivV2;

    /// <summary>Neighbours that make a density. 7 by default.</summary>
    public int Neighbours { get; init; } = 7;

    /// <summary>Whether a merged chain is divided by all its tokens; the released code counts children only.</summary>
    public bool TrueMean { get; init; }

    /// <summary>The layer before which tokens are dropped inside the model. 20 of 28 by default.</summary>
    public int InnerLayer { get; init; } = 20;

    /// <summary>The share that stays there; 1 leaves it out. 0.3 by default.</summary>
    public double InnerRatio { get; init; } = 0.3;
}

/// <summary>What methods that compare whole frames need to know of one chunk.</summary>
/// <param name="FirstFrame">The chunk's first frame in the video.</param>
/// <param name="FrameCount">f.</param>
/// <param name="Positions">N.</param>
/// <param name="Width">D.</param>
/// <param name="FrameSums">Σx of each frame, [f·D].</param>
public sealed record FrameSumSummary(int FirstFrame, int FrameCount, int Positions, int Width, double[] FrameSums)
    : ChunkSummary(FirstFrame, FrameCount, Positions, Width);

/// <summary>
/// FlashVID: segments; in each, diverse and attended tokens stay, and the others fold along time and then into clusters
/// (baselines, section 11). Deep inside the model most of them go.
/// </summary>
/// <param name="share">r.</param>
/// <param name="options">The other parameters.</param>
public sealed class FlashVid(double share, FlashVidOptions options) : InputMethod(share)
{
    /// <inheritdoc/>
    public override string Name => "flashvid";

    /// <inheritdoc/>
    public override NewlineRule Newlines => NewlineRule.OnePerFrame;

    /// <inheritdoc/>
    public override IReadOnlyList<VisionSignal> Signals => [VisionSignal.ReceivedAttention];

    /// <inheritdoc/>
    public override LayerTokens[] Nominal(VideoShape video, int layerCount)
    {
        var entering = options.Expansion * Share * video.Tokens;
        return FlopsTokens.Step(entering, options.InnerLayer, options.InnerRatio * entering, layerCount);
    }

    internal static PruningMethod Create(double share, MethodSettings settings, ModelTraits model)
    {
        var standard = new FlashVidOptions();
        return new FlashVid(share, new FlashVidOptions
        {
            Expansion = settings.Number("expansion", standard.Expansion, 0, 100),
            Alpha = settings.Number("alpha", standard.Alpha, 0, 1),
            Tau = settings.Number("tau", standard.Tau, -1, 1),
            SegmentThreshold = settings.Number("segmentThreshold", standard.SegmentThreshold, -1, 2),
            Segments = settings.Integer("segments", standard.Segments, least: 1),
            Selection = settings.Choice("selection", standard.Selection),
            Neighbours = settings.Integer("neighbours", standard.Neighbours, least: 1),
            TrueMean = settings.Flag("trueMean", standard.TrueMean),
            InnerLayer = Pruning.InnerLayer.Read(settings, "innerLayer", standard.InnerLayer, model),
            InnerRatio = settings.Number("innerRatio", standard.InnerRatio, 0, 1),
        });
    }

    /// <inheritdoc/>
    public override FrameSumSummary Summarise(TokenChunk chunk)
    {
        using var scope = NewDisposeScope();
        return new FrameSumSummary(chunk.FirstFrame, chunk.FrameCount, chunk.Positions, chunk.Width,
            [.. Rows.Range(chunk.FrameCount).SelectMany(f => Rows.Frame(chunk.Tokens, f).to(float64).contiguous().sum([0]).ToArray<double>())]);
    }

    /// <inheritdoc/>
    public override PruningPlan Plan(IReadOnlyList<ChunkSummary> summaries, int room)
    {
        var (ordered, shape) = ChunkSummary.Order<FrameSumSummary>(summaries);
        var sums = ChunkOrder.Concatenate(ordered, chunk => chunk.FrameSums);
        return new PruningPlan(shape)
        {
            Room = room,
            Pieces = FrameSegments.Cut(FrameSegments.Transitions(sums, shape.Width), options.SegmentThreshold, options.Segments),
        };
    }

    /// <inheritdoc/>
    public override PrunedChunk Apply(TokenChunk piece, PruningPlan plan)
    {
        plan.Require(piece);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var (frames, positions) = (piece.FrameCount, piece.Positions);
        var score = piece.Signal(VisionSignal.ReceivedAttention, Name).ToArray<float>();
        var budget = Math.Min(positions, (int)Math.Ceiling(positions * Share * options.Expansion));
        var select = (int)Math.Ceiling(budget * options.Alpha);
        var chosen = FlashVidPicks.Of(piece.Tokens, score, select, options.Selection);
        var selected = new bool[frames * positions];
        foreach (var token in chosen.SelectMany((frame, f) => frame.Select(p => f * positions + p)))
            selected[token] = true;

        var tree = frames > 1
            ? FlashVidTree.Of(piece.Tokens, selected, options.Tau, budget * frames, options.TrueMean)
            // The pool of a single frame is all of it, selected tokens included.
            : new FlashVidTree(Rows.Wide(Rows.Frame(piece.Tokens, 0)), [.. Enumerable.Repeat(true, positions)]);
        var pools = Rows.Range(frames).Select(f => Enumerable.Range(f * positions, positions)
            .Where(t => tree.Remains[t] && (frames == 1 || !selected[t])).ToArray()).ToArray();
        var share = (double)(budget - select) * frames / Math.Max(1, pools.Sum(pool => pool.Length));
        int[] own = [.. Rows.Range(selected.Length).Where(t => selected[t])];
        var (origins, values) = (new List<int>(own), new List<Tensor>());
        values.Add(Rows.Take(piece.Tokens.reshape(frames * positions, -1), own).to(float32));
        foreach (var pool in pools.Where(pool => pool.Length > 0 && budget > select))
            Add(pool, Rows.Take(tree.Values, pool), share);
        // Selected tokens come first, and the sort is stable: of equal ones they go first.
        var order = Rows.Range(origins.Count).OrderBy(i => origins[i]).ToArray();
        var rows = Rows.Take(cat([.. values.Select(value => value.to(piece.Tokens.device))], 0), order).to(piece.Tokens.dtype);
        return PrunedChunk.Of(piece, [.. order.Select(i => origins[i])], rows.MoveToOuterDisposeScope());

        void Add(int[] pool, Tensor rows, double part)
        {
            var count = (int)Math.Ceiling(pool.Length * part);
            if (part >= 1 || count >= pool.Length)
            {
                origins.AddRange(pool);
                values.Add(rows);
                return;
            }
            var clusters = DensityClusters.Of(rows, count, Math.Min(count, options.Neighbours));
            var sums = new GroupSums(count, (int)rows.shape[1]);
            sums.Add(Rows.Wide(rows), clusters.Labels);
            origins.AddRange(clusters.Centres.Select(centre => pool[centre]));
            values.Add(sums.Means());
        }
    }

    /// <inheritdoc/>
    public override LayerNeed Wants(PruningPlan plan, LayerPoint point, IReadOnlyList<LayerSelection> earlier) =>
        options.InnerRatio < 1 && point == Pruning.InnerLayer.Before(options.InnerLayer)
            ? LayerNeed.HiddenAndAttention
            : LayerNeed.Nothing;

    /// <inheritdoc/>
    public override LayerSelection Select(
        PruningPlan plan, LayerPoint point, IReadOnlyList<LayerSelection> earlier, LayerTokenStates tokens) => new(
        point, tokens.Origins, FastV.MostAttended(tokens.Attention!, Count(tokens.Origins.Length, options.InnerRatio)));

    /// <summary>How many of n tokens stay inside the model: ceil(n·ratio).</summary>
    public static int Count(int n, double ratio) => (int)Math.Ceiling(n * ratio);
}
