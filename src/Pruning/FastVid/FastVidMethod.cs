using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>What FastVID needs to know of one chunk.</summary>
/// <param name="FirstFrame">The chunk's first frame in the video.</param>
/// <param name="FrameCount">f.</param>
/// <param name="Positions">N.</param>
/// <param name="Width">D.</param>
/// <param name="Features">The frames' features, [f·C].</param>
public sealed record FastVidSummary(int FirstFrame, int FrameCount, int Positions, int Width, double[] Features)
    : ChunkSummary(FirstFrame, FrameCount, Positions, Width);

/// <summary>
/// FastVID (specification, part B): segments by frame similarity; in each, the most attended tokens stay and the others
/// fold into anchors where tokens are dense. All of it before the model; the question plays no part.
/// </summary>
/// <param name="options">The method's options.</param>
/// <param name="retention">R, the share of tokens to keep, above 0 and at most 1.</param>
public sealed class FastVidMethod(FastVidOptions options, double retention) : PruningMethod
{
    /// <inheritdoc/>
    public override string Name => PruningMethods.FastVid;

    internal static PruningMethod Create(double share, MethodSettings settings, ModelTraits model) =>
        new FastVidMethod(FastVidOptions.Read(settings, model), share);

    /// <inheritdoc/>
    public override IReadOnlyList<VisionSignal> Signals => [VisionSignal.FrameFeature, VisionSignal.HeadAttention];

    /// <inheritdoc/>
    public override LayerTokens[] Nominal(VideoShape video, int layerCount) =>
        FlopsTokens.Uniform((double)video.Frames * FastVidCounts.PerFrame(video.Positions, retention), layerCount);

    /// <inheritdoc/>
    public override FastVidSummary Summarise(TokenChunk chunk) => new(
        chunk.FirstFrame, chunk.FrameCount, chunk.Positions, chunk.Width,
        chunk.Signal(VisionSignal.FrameFeature, Name).ToArray<double>());

    /// <summary>Step 2: DySeg. A segment's frames are needed together: each is a piece.</summary>
    /// <inheritdoc/>
    public override PruningPlan Plan(IReadOnlyList<ChunkSummary> summaries, int room)
    {
        var (ordered, shape) = ChunkSummary.Order<FastVidSummary>(summaries);
        var features = ChunkOrder.Concatenate(ordered, chunk => chunk.Features);
        var transitions = FrameSegments.Transitions(features, features.Length / shape.Frames);
        return new PruningPlan(shape)
        {
            Room = room,
            Pieces = FrameSegments.Cut(transitions, options.Tau, options.Segments),
        };
    }

    /// <inheritdoc/>
    public override PrunedChunk Apply(TokenChunk piece, PruningPlan plan)
    {
        plan.Require(piece);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var counts = FastVidCounts.Of(piece.FrameCount, piece.Positions, retention, options);
        var attention = piece.Signal(VisionSignal.HeadAttention, Name).ToArray<float>();
        var merge = SegmentMerge.Of(piece.Tokens, attention, counts, options);
        int[] salient = [.. merge.Salient.SelectMany((frame, f) => frame.Select(p => f * piece.Positions + p))];
        int[] anchors =
            [.. merge.Anchors.SelectMany(frame => frame.Positions.Select(p => frame.Frame * piece.Positions + p))];
        int[] rows = [.. salient, .. anchors];
        int[] sizes = [.. salient.Select(_ => 1), .. merge.Sizes];
        var order = Rows.Range(rows.Length).OrderBy(i => rows[i]).ToArray();
        var flat = piece.Tokens.reshape((long)piece.FrameCount * piece.Positions, piece.Width);
        var values = cat([Rows.Take(flat, salient), merge.Values.to(flat.dtype).to(flat.device)], 0);
        return PrunedChunk.Of(piece, [.. order.Select(i => rows[i])], Rows.Take(values, order).MoveToOuterDisposeScope(),
            [.. order.Select(i => sizes[i])]);
    }
}
