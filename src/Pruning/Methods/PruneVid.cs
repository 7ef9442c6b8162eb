using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>PruneVid's parameters (baselines, section 5).</summary>
/// <param name="Tau">Mean similarity above which a position counts as static in a scene.</param>
/// <param name="SegmentRatio">Clusters of frames per frame.</param>
/// <param name="Neighbours">k of both clusterings.</param>
/// <param name="Uncut">Groups of at most so many tokens are not clustered.</param>
public sealed record PruneVidOptions(double Tau = 0.8, double SegmentRatio = 0.25, int Neighbours = 7, int Uncut = 14);

/// <summary>One scene's tokens.</summary>
/// <param name="Frames">Its frames.</param>
/// <param name="Static">Its static positions, ascending.</param>
/// <param name="Dynamic">The others, ascending.</param>
public sealed record PruneVidScene(FrameRange Frames, int[] Static, int[] Dynamic);

/// <summary>What the first stage makes of a video.</summary>
/// <param name="Owner">The output row of every token, [F·N].</param>
/// <param name="Origins">The token in whose place each row stands.</param>
/// <param name="StaticSizes">Static rows of each scene.</param>
/// <param name="DynamicSizes">Dynamic rows of each scene.</param>
public sealed record PruneVidRows(int[] Owner, int[] Origins, int[] StaticSizes, int[] DynamicSizes);

/// <summary>
/// PruneVid's first stage: scenes; in each, static positions are averaged over time, and what is left is clustered
/// (baselines, section 5). Its second stage, inside the model, is in neither paper's tables.
/// </summary>
/// <param name="share">ρ; the cluster ratio is the greatest that keeps at most this share.</param>
/// <param name="options">The other parameters.</param>
public sealed class PruneVid(double share, PruneVidOptions options) : InputMethod(share)
{
    /// <inheritdoc/>
    public override string Name => "prunevid";

    internal static PruningMethod Create(double share, MethodSettings settings, ModelTraits model)
    {
        var standard = new PruneVidOptions();
        return new PruneVid(share, new PruneVidOptions(
            settings.Number("tau", standard.Tau, -1, 1), settings.Number("segmentRatio", standard.SegmentRatio, 0, 1),
            settings.Integer("neighbours", standard.Neighbours, least: 1), settings.Integer("uncut", standard.Uncut, least: 0)));
    }

    /// <summary>Frames are clustered over the whole video, and the cluster ratio follows from all scenes.</summary>
    /// <inheritdoc/>
    protected override IReadOnlyList<FrameRange> PiecesOf(VideoShape video) => [new FrameRange(0, video.Frames)];

    /// <inheritdoc/>
    public override PrunedChunk Apply(TokenChunk piece, PruningPlan plan)
    {
        plan.Require(piece);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var scenes = Scenes(piece.Tokens, options);
        var rows = Cluster(piece.Tokens, scenes, RatioFor(scenes, Share * plan.Shape.Tokens, options.Uncut), options);
        var sizes = new int[rows.Origins.Length];
        foreach (var row in rows.Owner)
            sizes[row]++;
        var values = Means(piece.Tokens, rows).to(piece.Tokens.dtype).to(piece.Tokens.device);
        return PrunedChunk.Of(piece, rows.Origins, values.MoveToOuterDisposeScope(), sizes);
    }

    /// <summary>Cuts a video into scenes and tells static positions from others.</summary>
    /// <param name="tokens">[F, N, D].</param>
    /// <param name="options">τ, segment ratio, k.</param>
    public static PruneVidScene[] Scenes(Tensor tokens, PruneVidOptions options)
    {
        using var scope = NewDisposeScope();
        var frames = (int)tokens.shape[0];
        var features = stack([.. Rows.Range(frames).Select(f => Rows.Frame(tokens, f).to(float64).mean([0]))], 0);
        var count = Math.Max(1, (int)(frames * options.SegmentRatio));
        var labels = PruneVidScenes.Refine(DensityClusters.Of(features, count, options.Neighbours).Labels);
        return
        [
            .. PruneVidScenes.Runs(labels).Select(run =>
            {
                var still = Static(tokens, run, options.Tau);
                return new PruneVidScene(run, still, Rows.Others(still, (int)tokens.shape[1]));
            }),
        ];
    }

    /// <summary>The greatest cluster ratio that leaves at most so many rows.</summary>
    public static double RatioFor(IReadOnlyList<PruneVidScene> scenes, double most, int uncut)
    {
        int Count(double ratio) => scenes.Sum(scene =>
            CountOf(scene.Static.Length, ratio, uncut) + scene.Frames.Count * CountOf(scene.Dynamic.Length, ratio, uncut));

        var (low, high) = (0.0, 1.0);
        for (var i = 0; i < 50; i++)
        {
            var middle = (low + high) / 2;
            (low, high) = Count(middle) <= most ? (middle, high) : (low, middle);
        }
        return Count(1) <= most ? 1 : low;
    }

    /// <summary>Clusters every group and numbers the rows.</summary>
    /// <param name="tokens">[F, N, D].</param>
    /// <param name="scenes">Of the video.</param>
    /// <param name="clusterRatio">Rows per token of a group that is clustered.</param>
    /// <param name="options">k, and which groups are too small.</param>
    public static PruneVidRows Cluster(
        Tensor tokens, IReadOnlyList<PruneVidScene> scenes, double clusterRatio, PruneVidOptions options)
    {
        var positions = (int)tokens.shape[1];
        var owner = new int[tokens.shape[0] * positions];
        var (origins, staticSizes, dynamicSizes) = (new List<int>(), new List<int>(), new List<int>());
        foreach (var (frames, still, moving) in scenes)
        {
            var before = origins.Count;
            using (var scope = NewDisposeScope())
                Add(frames, still, StaticRows(tokens, frames, still));
            staticSizes.Add(origins.Count - before);
            for (var f = frames.First; f < frames.End; f++)
            {
                using var scope = NewDisposeScope();
                Add(new FrameRange(f, 1), moving, Rows.Take(Rows.Frame(tokens, f), moving));
            }
            dynamicSizes.Add(origins.Count - before - staticSizes[^1]);
        }
        return new PruneVidRows(owner, [.. origins], [.. staticSizes], [.. dynamicSizes]);

        // One group: its rows stand for the given positions in all the given frames.
        void Add(FrameRange frames, int[] group, Tensor rows)
        {
            var count = CountOf(group.Length, clusterRatio, options.Uncut);
            var clusters = count == group.Length
                ? new DensityClusters(Rows.Range(count), Rows.Range(count))
                : DensityClusters.Of(rows, count, options.Neighbours);
            for (var i = 0; i < group.Length; i++)
                for (var f = frames.First; f < frames.End; f++)
                    owner[f * positions + group[i]] = origins.Count + clusters.Labels[i];
            origins.AddRange(clusters.Centres.Select(centre => frames.First * positions + group[centre]));
        }
    }

    /// <summary>Each row's plain mean, [rows, D] in float32, owned by the caller's dispose scope.</summary>
    public static Tensor Means(Tensor tokens, PruneVidRows rows)
    {
        using var scope = NewDisposeScope();
        var (frames, positions) = ((int)tokens.shape[0], (int)tokens.shape[1]);
        var sums = new GroupSums(rows.Origins.Length, (int)tokens.shape[2]);
        for (var f = 0; f < frames; f++)
        {
            using var inner = NewDisposeScope();
            sums.Add(Rows.Wide(Rows.Frame(tokens, f)), rows.Owner.AsSpan(f * positions, positions));
        }
        return sums.Means().MoveToOuterDisposeScope();
    }

    /// <summary>Tokens per layer with the second stage at its published layer and share: 11 full layers, then 0.4.</summary>
    public static LayerTokens[] TwoStages(double tokens, int layerCount) => FlopsTokens.Step(tokens, 11, 0.4 * tokens, layerCount);

    /// <summary>The second stage: the most attended rows of every static group and every frame.</summary>
    /// <param name="score">Greatest attention over heads and text queries, by row.</param>
    /// <param name="staticSizes">Static rows of each scene.</param>
    /// <param name="dynamicSizes">Dynamic rows of each scene.</param>
    /// <param name="windowSizes">Frames of each scene.</param>
    /// <param name="alpha">The share that stays.</param>
    /// <returns>Rows, ascending.</returns>
    public static int[] SecondStage(
        ReadOnlySpan<float> score, IReadOnlyList<int> staticSizes, IReadOnlyList<int> dynamicSizes,
        IReadOnlyList<int> windowSizes, double alpha)
    {
        var (kept, at) = (new List<int>(), 0);
        for (var s = 0; s < staticSizes.Count; s++)
        {
            var perFrame = dynamicSizes[s] / windowSizes[s];
            foreach (var size in Enumerable.Repeat(perFrame, windowSizes[s]).Prepend(staticSizes[s]))
            {
                var first = at;
                kept.AddRange(Ranking.Top(score.Slice(at, size), (int)(alpha * size)).Select(row => first + row));
                at += size;
            }
        }
        return [.. kept.Order()];
    }

    // Positions whose mean cosine between any two frames of the scene is above τ. A scene of one frame has none.
    private static int[] Static(Tensor tokens, FrameRange run, double tau)
    {
        if (run.Count == 1)
            return [];
        using var scope = NewDisposeScope();
        var sum = zeros([tokens.shape[1], tokens.shape[2]], float64, tokens.device);
        for (var f = run.First; f < run.End; f++)
        {
            using var inner = NewDisposeScope();
            sum.add_(Rows.Unit(Rows.Frame(tokens, f).to(float64)));
        }
        // Σ of all cosines is the squared norm of the summed unit vectors.
        var totals = (sum * sum).sum([-1]).ToArray<double>();
        var pairs = (double)run.Count * (run.Count - 1);
        return [.. Rows.Range(totals.Length).Where(p => (float)((totals[p] - run.Count) / pairs) > (float)tau)];
    }

    private static Tensor StaticRows(Tensor tokens, FrameRange frames, int[] still)
    {
        var sum = zeros([still.Length, tokens.shape[2]], float64, tokens.device);
        for (var f = frames.First; f < frames.End; f++)
        {
            using var inner = NewDisposeScope();
            sum.add_(Rows.Take(Rows.Frame(tokens, f), still).to(float64));
        }
        return sum / frames.Count;
    }

    private static int CountOf(int size, double ratio, int uncut) => size > uncut ? Math.Max(1, (int)(size * ratio)) : size;
}
