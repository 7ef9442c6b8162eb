using HieraVid.Pruning;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Samples;

/// <summary>Keeps the tokens with the greatest norm, of all frames together.</summary>
[PruningMethodName("loudest", "the tokens with the greatest norm")]
public sealed class LoudestTokens(double share, double least) : PruningMethod
{
    public override string Name => "loudest";

    public static PruningMethod Create(double share, MethodSettings settings, ModelTraits model) =>
        new LoudestTokens(share, settings.Number("least", 0, 0, 1e9));

    public override LayerTokens[] Nominal(VideoShape video, int layerCount) =>
        FlopsTokens.Uniform(share * video.Tokens, layerCount);

    // Step 1, where the tokens are: a norm per token. Frame by frame, so that no cutting shows in the last bit.
    public override ChunkSummary Summarise(TokenChunk chunk)
    {
        using var scope = NewDisposeScope();
        var norms = Enumerable.Range(0, chunk.FrameCount)
            .SelectMany(f => chunk.Tokens.select(0, f).to(float64).pow(2).sum([-1]).sqrt().ToArray<float>());
        return new Norms(chunk.FirstFrame, chunk.FrameCount, chunk.Positions, chunk.Width, [.. norms]);
    }

    // Step 2, once for the whole video: which tokens stay.
    public override PruningPlan Plan(IReadOnlyList<ChunkSummary> summaries, int room)
    {
        var (ordered, shape) = ChunkSummary.Order<Norms>(summaries);
        var values = ordered.SelectMany(chunk => chunk.Values).Select(value => value < least ? float.NaN : value).ToArray();
        var keep = Math.Max(1, (int)(share * shape.Tokens));
        return new SelectionPlan(shape, [.. Ranking.Top(values, keep).Order()]) { Room = room };
    }

    // Step 3, where the tokens are.
    public override PrunedChunk Apply(TokenChunk piece, PruningPlan plan) => ((SelectionPlan)plan).Apply(piece);

    private sealed record Norms(int FirstFrame, int FrameCount, int Positions, int Width, float[] Values)
        : ChunkSummary(FirstFrame, FrameCount, Positions, Width);
}
