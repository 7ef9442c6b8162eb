namespace HieraVid.Pruning;

/// <summary>The decoder of a model as Eq. 12 sees it.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Layers">L.</param>
/// <param name="Width">d, the hidden size.</param>
/// <param name="FeedForwardWidth">m, the width inside the feed-forward network.</param>
/// <param name="Video">One video in the papers' tables.</param>
public sealed record FlopsModel(string Name, int Layers, int Width, int FeedForwardWidth, VideoShape Video)
{
    /// <summary>n, the visual tokens of the video.</summary>
    public double VisualTokens => Video.Tokens;

    /// <summary>LLaVA-Video 7B: 64 frames of 13 · 13 tokens, the newlines left out as in the paper.</summary>
    public static FlopsModel LlavaVideo7B { get; } = new("llava-video-7b", 28, 3584, 18944, new VideoShape(64, 169, 3584));

    /// <summary>LLaVA-OneVision 7B: 32 frames of 14 · 14 tokens.</summary>
    public static FlopsModel LlavaOneVision7B { get; } = new("llava-onevision-7b", 28, 3584, 18944, new VideoShape(32, 196, 3584));

    /// <summary>All presets.</summary>
    public static IReadOnlyList<FlopsModel> Presets { get; } = [LlavaVideo7B, LlavaOneVision7B];
}

/// <summary>The visual tokens in one layer.</summary>
/// <param name="Attention">Those that its projections and attention work on.</param>
/// <param name="FeedForward">Those that its feed-forward network works on: fewer, where the layer prunes.</param>
public readonly record struct LayerTokens(double Attention, double FeedForward)
{
    /// <summary>The keys that each query sees, where they are fewer than its layer's tokens.</summary>
    public double? Keys { get; init; }
}

/// <summary>
/// The papers' yardstick of cost (HieraVid, Eq. 12; specification, part C): 4nd² + 2n²d + 2ndm per layer, n visual
/// tokens.
/// </summary>
/// <remarks>
/// It is a yardstick, not a count: text tokens, Qwen2's third feed-forward matrix and narrower keys and values, and the
/// cost of pruning itself are not in it. Every method is described by its tokens per layer.
/// </remarks>
public static class Flops
{
    /// <summary>One layer.</summary>
    public static double Layer(FlopsModel model, LayerTokens tokens)
    {
        var (d, m) = ((double)model.Width, (double)model.FeedForwardWidth);
        var n = tokens.Attention;
        return 4 * n * d * d + 2 * n * (tokens.Keys ?? n) * d + 2 * tokens.FeedForward * d * m;
    }

    /// <summary>A whole prefill.</summary>
    /// <param name="model">Its d and m count; its layers are those of <paramref name="layers"/>.</param>
    /// <param name="layers">The visual tokens in each layer.</param>
    public static double Total(FlopsModel model, IEnumerable<LayerTokens> layers) =>
        layers.Sum(tokens => Layer(model, tokens));
}
