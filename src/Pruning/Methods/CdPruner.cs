using HieraVid.Pruning.Dpp;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>
/// CDPruner: a determinantal point process over all visual tokens, conditioned on the question (baselines, section 9).
/// </summary>
/// <remarks>
/// The published relevance is the distance of image-text embeddings, which need SigLIP's text tower; LLaVA's checkpoints
/// have none. With <c>relevance=attention</c> the choice is made inside the model instead, just before a layer, by the
/// attention of the prompt's last token; with <c>relevance=none</c> before the model, by diversity alone.
/// </remarks>
/// <param name="share">r.</param>
/// <param name="relevance">What conditions the choice.</param>
/// <param name="layer">The first layer that sees fewer tokens, for relevance by attention.</param>
public sealed class CdPruner(double share, CdPruner.Condition relevance, int layer) : PruningMethod
{
    // Added to the relevance's numerator by the released code.
    private const float Epsilon = 1e-6f;

    /// <summary>What conditions the choice.</summary>
    public enum Condition
    {
        /// <summary>The attention of the prompt's last token, negated like HieraVid's.</summary>
        Attention,

        /// <summary>Nothing.</summary>
        None,
    }

    /// <inheritdoc/>
    public override string Name => "cdpruner";

    /// <inheritdoc/>
    public override TokenPositions Positions =>
        relevance == Condition.Attention ? TokenPositions.Kept : TokenPositions.Renumbered;

    internal static PruningMethod Create(double share, MethodSettings settings, ModelTraits model) => new CdPruner(
        share, settings.Choice("relevance", Condition.Attention), InnerLayer.Read(settings, "layer", 2, model));

    /// <inheritdoc/>
    public override LayerTokens[] Nominal(VideoShape video, int layerCount) =>
        FlopsTokens.Step(video.Tokens, relevance == Condition.Attention ? layer : 0, share * video.Tokens, layerCount);

    /// <inheritdoc/>
    public override PruningPlan Plan(IReadOnlyList<ChunkSummary> summaries, int room)
    {
        var plan = base.Plan(summaries, room);
        return relevance == Condition.None ? plan with { Pieces = plan.WholeVideo() } : plan;
    }

    /// <inheritdoc/>
    public override PrunedChunk Apply(TokenChunk piece, PruningPlan plan)
    {
        plan.Require(piece);
        if (relevance == Condition.Attention)
            return PrunedChunk.Whole(piece);
        using var scope = NewDisposeScope();
        var flat = piece.Tokens.reshape((long)piece.FrameCount * piece.Positions, piece.Width);
        var equal = new float[flat.shape[0]];
        Array.Fill(equal, 1);
        var kept = PrunedChunk.Subset(piece, [.. Picks(flat, equal, Count(equal.Length)).Order()]);
        kept.Values.MoveToOuterDisposeScope();
        return kept;
    }

    /// <inheritdoc/>
    public override LayerNeed Wants(PruningPlan plan, LayerPoint point, IReadOnlyList<LayerSelection> earlier) =>
        relevance == Condition.Attention && share < 1 && point == InnerLayer.Before(layer)
            ? LayerNeed.HiddenAndAttention
            : LayerNeed.Nothing;

    /// <inheritdoc/>
    public override LayerSelection Select(
        PruningPlan plan, LayerPoint point, IReadOnlyList<LayerSelection> earlier, LayerTokenStates tokens)
    {
        var attention = tokens.Attention!;
        var mean = Pruning.Relevance.HeadMean(attention.ToArray<float>(), attention.ndim == 1 ? 1 : (int)attention.shape[0]);
        var rho = Scale([.. mean.Select(value => -value)]);
        return new LayerSelection(point, tokens.Origins, [.. Picks(tokens.Hidden, rho, Count(rho.Length)).Order()]);
    }

    /// <summary>Relevance by image-text embeddings: the mean cosine with the text's, negated, and scaled over all tokens.</summary>
    /// <param name="image">[n, c].</param>
    /// <param name="text">[M, c].</param>
    /// <returns>[n], about 0 to 1.</returns>
    public static float[] Relevance(Tensor image, Tensor text)
    {
        using var scope = NewDisposeScope();
        var cosines = Rows.Unit(image.to(float32)).mm(Rows.Unit(text.to(float32)).transpose(0, 1));
        return Scale(cosines.mean([-1]).neg().ToArray<float>());
    }

    /// <summary>The picked rows in the order of their picking.</summary>
    /// <param name="tokens">[n, D].</param>
    /// <param name="relevance">[n].</param>
    /// <param name="keep">At most n.</param>
    public static int[] Picks(Tensor tokens, float[] relevance, int keep) =>
        SegmentDpp.Select(tokens, relevance, [new DppSegment(Rows.Range(relevance.Length), keep)])[0].Order;

    private int Count(int tokens) => Math.Clamp((int)Math.Round(share * tokens), 1, tokens);

    private static float[] Scale(float[] values)
    {
        var numbers = values.Where(value => !float.IsNaN(value)).DefaultIfEmpty(0).ToList();
        var (min, max) = (numbers.Min(), numbers.Max());
        return Array.ConvertAll(values, value =>
            float.IsNaN(value) ? 0 : max == min ? 1 : (value - min + Epsilon) / (max - min));
    }
}
