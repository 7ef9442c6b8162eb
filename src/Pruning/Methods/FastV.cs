using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>FastV: inside the model, the tokens that the prompt's last token attends to most (baselines, section 2).</summary>
/// <param name="share">1 − R.</param>
/// <param name="layer">K, the first layer that sees fewer tokens.</param>
public sealed class FastV(double share, int layer) : PruningMethod
{
    /// <inheritdoc/>
    public override string Name => "fastv";

    /// <inheritdoc/>
    public override NewlineRule Newlines => NewlineRule.All;

    internal static PruningMethod Create(double share, MethodSettings settings, ModelTraits model) =>
        new FastV(share, InnerLayer.Read(settings, "layer", 2, model));

    /// <inheritdoc/>
    public override LayerTokens[] Nominal(VideoShape video, int layerCount) =>
        FlopsTokens.Step(video.Tokens, layer, share * video.Tokens, layerCount);

    /// <inheritdoc/>
    public override PrunedChunk Apply(TokenChunk piece, PruningPlan plan)
    {
        plan.Require(piece);
        return PrunedChunk.Whole(piece);
    }

    /// <inheritdoc/>
    public override LayerNeed Wants(PruningPlan plan, LayerPoint point, IReadOnlyList<LayerSelection> earlier) =>
        share < 1 && point == InnerLayer.Before(layer) ? LayerNeed.HiddenAndAttention : LayerNeed.Nothing;

    /// <inheritdoc/>
    public override LayerSelection Select(
        PruningPlan plan, LayerPoint point, IReadOnlyList<LayerSelection> earlier, LayerTokenStates tokens) =>
        new(point, tokens.Origins, MostAttended(tokens.Attention!, Count(tokens.Origins.Length, 1 - share)));

    /// <summary>How many of n tokens stay: n·(1−R) in float64, rounded half to even.</summary>
    public static int Count(int n, double pruned) => (int)Math.Round(n * (1 - pruned));

    /// <summary>The rows with the highest attention, ascending.</summary>
    /// <param name="attention">[heads, n] or [n].</param>
    /// <param name="keep">How many.</param>
    public static int[] MostAttended(Tensor attention, int keep)
    {
        var heads = attention.ndim == 1 ? 1 : (int)attention.shape[0];
        return [.. Ranking.Top(Relevance.HeadMean(attention.ToArray<float>(), heads), keep).Order()];
    }
}

/// <summary>A point between two layers, as published for a model of 28 layers.</summary>
internal static class InnerLayer
{
    private const int PublishedLayers = 28;

    /// <summary>The point just before a layer.</summary>
    internal static LayerPoint Before(int layer) => new(layer - 1, LayerPlace.AfterLayer);

    /// <summary>Reads a layer; the default goes to the same depth in models of other sizes.</summary>
    /// <exception cref="PruningException">The model has no such layer.</exception>
    internal static int Read(MethodSettings settings, string name, int published, ModelTraits model)
    {
        var standard = (int)Math.Round((double)published * model.LayerCount / PublishedLayers);
        var layer = settings.Integer(name, Math.Clamp(published <= 3 ? published : standard, 1, Math.Max(1, model.LayerCount - 1)));
        return layer >= 1 && layer <= model.LayerCount
            ? layer
            : throw PruningException.OutOfRange(name, layer, FormattableString.Invariant($"from 1 to {model.LayerCount}, the model's layers"));
    }
}
