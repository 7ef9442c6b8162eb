using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>HieraVid (specification, parts A and E): segments, merging, and selection inside three layers.</summary>
/// <param name="options">The method's options.</param>
/// <param name="schedule">The budget.</param>
/// <exception cref="PruningException">An option is out of range.</exception>
public sealed class HieraVidMethod(HieraVidOptions options, PruningSchedule schedule) : PruningMethod
{
    private readonly HieraVidOptions _options = options.Validated();

    /// <inheritdoc/>
    public override string Name => PruningMethods.HieraVid;

    /// <inheritdoc/>
    public override bool FitsAnyWindow => true;

    /// <inheritdoc/>
    public override NewlineRule Newlines => NewlineRule.All;

    /// <inheritdoc/>
    public override AskingTokens Asking => _options.Query;

    /// <inheritdoc/>
    public override LayerTokens[] Nominal(VideoShape video, int layerCount) =>
        _options.InputOnly
            ? FlopsTokens.Uniform(InputRoom(video), layerCount)
            : FlopsTokens.Exact(schedule, FlopsTokens.Nominal(schedule, video.Tokens));

    /// <inheritdoc/>
    public override HieraVidSummary Summarise(TokenChunk chunk)
    {
        chunk.RequirePrevious();
        var (similarity, sums) = SimilarityMap.Of(chunk);
        return new HieraVidSummary(chunk.FirstFrame, chunk.FrameCount, chunk.Positions, chunk.Width, similarity, sums,
            _options.AsShippedLastToken ? LastToken(chunk) : null);
    }

    /// <inheritdoc/>
    public override HieraVidPlan Plan(IReadOnlyList<ChunkSummary> summaries, int room)
    {
        var (ordered, shape) = ChunkSummary.Order<HieraVidSummary>(summaries);
        var similarity = ChunkOrder.Concatenate(ordered, chunk => chunk.Similarity);
        var overlap = Segmentation.Overlap(similarity, shape.Positions, _options.SimThreshold);
        var segmentOfFrame = Segmentation.SegmentOfFrame(overlap, _options.Beta);
        var segments = Segments(ordered, shape, segmentOfFrame);
        var merge = MergeSelection.Choose(similarity, shape.Positions, schedule.Ratios[0]);
        var plan = new HieraVidPlan(shape, _options, schedule, overlap, segmentOfFrame, segments, merge, []);
        if (_options.InputOnly)
            room = Math.Min(room, InputRoom(shape));
        if (shape.Tokens - merge.Count <= room)
            return plan;
        var pieces = WindowBudget.Pieces(segments, shape.Positions);
        return plan with { Pieces = pieces, PieceQuotas = WindowBudget.Quotas(plan, pieces, room) };
    }

    /// <summary>Step 3: merges tokens that stay as they are from frame to frame (Eq. 3).</summary>
    /// <inheritdoc/>
    public override PrunedChunk Apply(TokenChunk piece, PruningPlan plan)
    {
        plan.Require(piece);
        return MergeRuns.Apply(piece, ((HieraVidPlan)plan).Merge);
    }

    /// <summary>
    /// Step 3b: the segment DPP at the input, where merging alone leaves more than the window holds. Nothing has
    /// attended to the tokens yet, so all count as equally relevant. Also where the input alone is to be pruned
    /// (<see cref="HieraVidOptions.InputOnly"/>).
    /// </summary>
    /// <inheritdoc/>
    public override PrunedTokens Thin(PrunedTokens tokens, PruningPlan plan) =>
        WindowBudget.Thin(tokens, (HieraVidPlan)plan);

    /// <inheritdoc/>
    public override LayerNeed Wants(PruningPlan plan, LayerPoint point, IReadOnlyList<LayerSelection> earlier) =>
        !_options.InputOnly && point.Place == LayerPlace.AfterAttention && schedule.StageAt(point.Layer) is not null
            ? LayerNeed.HiddenAndAttention
            : LayerNeed.Nothing;

    /// <inheritdoc/>
    public override StageSelection Select(
        PruningPlan plan, LayerPoint point, IReadOnlyList<LayerSelection> earlier, LayerTokenStates tokens)
    {
        var stage = 1 + schedule.Layers.TakeWhile(layer => layer != point.Layer).Count();
        return LayerStage.Prune((HieraVidPlan)plan, stage, tokens.Origins, tokens.Hidden, tokens.Attention!);
    }

    private int InputRoom(VideoShape shape) => Math.Max(1, (int)(schedule.MeanRetention * shape.Tokens));

    private Segment[] Segments(
        List<HieraVidSummary> chunks, VideoShape shape, int[] segmentOfFrame)
    {
        var sums = ChunkOrder.Concatenate(chunks, chunk => chunk.FrameSums);
        var counts = new int[shape.Frames];
        Array.Fill(counts, shape.Positions);
        if (_options.AsShippedLastToken && chunks[^1].LastToken is { } lastToken)
        {
            counts[^1]--;
            for (var d = 0; d < shape.Width; d++)
                sums[^(shape.Width - d)] -= lastToken[d];
        }
        var raw = SegmentBudgets.Raw(SegmentBudgets.Means(sums, counts, segmentOfFrame), _options.Alpha);
        var z = SegmentBudgets.ZScores(raw);
        return [.. raw.Select((score, s) =>
            new Segment(s, Array.IndexOf(segmentOfFrame, s), Array.LastIndexOf(segmentOfFrame, s), score, z[s]))];
    }

    private static double[] LastToken(TokenChunk chunk)
    {
        using var scope = NewDisposeScope();
        var frame = chunk.Tokens.select(0, chunk.FrameCount - 1);
        return Torch.TensorData.ToArray<double>(frame.select(0, chunk.Positions - 1));
    }
}
