using System.Text.Json.Serialization;

namespace HieraVid.Pruning;

/// <summary>What methods that compare each token with the frame before need to know of one chunk.</summary>
/// <param name="FirstFrame">The chunk's first frame in the video.</param>
/// <param name="FrameCount">f.</param>
/// <param name="Positions">N.</param>
/// <param name="Width">D.</param>
/// <param name="Similarity">[f·N], from <see cref="SimilarityMap"/>.</param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record SimilaritySummary(int FirstFrame, int FrameCount, int Positions, int Width, float[] Similarity)
    : ChunkSummary(FirstFrame, FrameCount, Positions, Width)
{
    /// <summary>Of a chunk.</summary>
    public static SimilaritySummary Of(TokenChunk chunk)
    {
        chunk.RequirePrevious();
        return new SimilaritySummary(
            chunk.FirstFrame, chunk.FrameCount, chunk.Positions, chunk.Width, SimilarityMap.Of(chunk).Similarity);
    }

    /// <summary>The whole video's similarities and shape.</summary>
    public static (float[] Similarity, VideoShape Shape) Join(IReadOnlyList<ChunkSummary> summaries)
    {
        var (ordered, shape) = Order<SimilaritySummary>(summaries);
        return (ChunkOrder.Concatenate(ordered, chunk => chunk.Similarity), shape);
    }
}

/// <summary>Efficient Video Sampling: the tokens that changed most since the frame before (baselines, section 13).</summary>
/// <param name="share">1 − q.</param>
/// <param name="positions">Where kept tokens stand.</param>
public sealed class Evs(double share, TokenPositions positions) : InputMethod(share)
{
    /// <summary>Stands for "no previous frame": greater than any distance, so that the first frame stays.</summary>
    private const float FirstFrame = 255;

    /// <inheritdoc/>
    public override string Name => "evs";

    /// <inheritdoc/>
    public override TokenPositions Positions => positions;

    /// <inheritdoc/>
    public override LayerTokens[] Nominal(VideoShape video, int layerCount) =>
        FlopsTokens.Uniform(Math.Max(Share * video.Tokens, video.Positions), layerCount);

    internal static PruningMethod Create(double share, MethodSettings settings, ModelTraits model) =>
        new Evs(share, settings.Choice("positions", TokenPositions.Kept));

    /// <inheritdoc/>
    public override SimilaritySummary Summarise(TokenChunk chunk) => SimilaritySummary.Of(chunk);

    /// <inheritdoc/>
    public override PruningPlan Plan(IReadOnlyList<ChunkSummary> summaries, int room)
    {
        var (similarity, shape) = SimilaritySummary.Join(summaries);
        return new SelectionPlan(shape, Kept(similarity, shape.Positions, 1 - Share)) { Room = room };
    }

    /// <inheritdoc/>
    public override PrunedChunk Apply(TokenChunk piece, PruningPlan plan) => ((SelectionPlan)plan).Apply(piece);

    /// <summary>The tokens that stay, ascending.</summary>
    /// <param name="similarity">[F·N].</param>
    /// <param name="positions">N; the first frame always stays.</param>
    /// <param name="q">The share to prune.</param>
    public static int[] Kept(ReadOnlySpan<float> similarity, int positions, double q)
    {
        var distance = new float[similarity.Length];
        for (var t = 0; t < distance.Length; t++)
            distance[t] = t < positions ? FirstFrame : 1 - similarity[t];
        return [.. Ranking.Top(distance, Math.Max(positions, (int)(distance.Length * (1 - q)))).Order()];
    }
}
