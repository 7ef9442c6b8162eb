using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>
/// HieraVid as three pure steps over chunks of frames, and a fourth inside the model (specification, parts A and E).
/// Whatever the cutting into chunks and the order in which they come, the results are the same, bit for bit.
/// </summary>
public static class HieraVidMethod
{
    /// <summary>Step 1, per chunk, where its tokens are: the small facts that the plan needs.</summary>
    /// <param name="chunk">Tokens and the frame before them.</param>
    /// <param name="options">The method's options.</param>
    /// <exception cref="PruningException">The frame before does not fit the tokens.</exception>
    public static ChunkSummary Summarise(TokenChunk chunk, HieraVidOptions options)
    {
        RequireFit(chunk);
        var (similarity, sums) = SimilarityMap.Of(chunk);
        return new ChunkSummary(chunk.FirstFrame, chunk.FrameCount, chunk.Positions, chunk.Width, similarity, sums,
            options.AsShippedLastToken ? LastToken(chunk) : null);
    }

    /// <summary>Step 2, once, anywhere: segments, scores and the tokens to merge.</summary>
    /// <param name="summaries">All chunks of the video, in any order.</param>
    /// <param name="options">The method's options.</param>
    /// <param name="schedule">The budget.</param>
    /// <exception cref="PruningException">An option is out of range, or the chunks don't make up one video.</exception>
    public static HieraVidPlan Plan(
        IReadOnlyList<ChunkSummary> summaries, HieraVidOptions options, PruningSchedule schedule)
    {
        options.Validated();
        var ordered = ChunkOrder.Of(summaries,
            chunk => (chunk.FirstFrame, chunk.FrameCount, chunk.Positions, chunk.Width));
        var last = ordered[^1];
        var shape = new VideoShape(last.FirstFrame + last.FrameCount, last.Positions, last.Width);
        var similarity = ChunkOrder.Concatenate(ordered, chunk => chunk.Similarity);
        var overlap = Segmentation.Overlap(similarity, shape.Positions, options.SimThreshold);
        var segmentOfFrame = Segmentation.SegmentOfFrame(overlap, options.Beta);
        var segments = Segments(ordered, shape, segmentOfFrame, options);
        var merge = MergeSelection.Choose(similarity, shape.Positions, schedule.Ratios[0]);
        return new HieraVidPlan(shape, options, schedule, overlap, segmentOfFrame, segments, merge);
    }

    /// <summary>
    /// Step 3, per chunk, where its tokens are: merges them. <see cref="MergedTokens.Join"/> puts the chunks together.
    /// </summary>
    /// <param name="chunk">The same tokens as in step 1.</param>
    /// <param name="plan">The plan of the whole video.</param>
    /// <exception cref="PruningException">The chunk does not fit the plan.</exception>
    public static MergedChunk Apply(TokenChunk chunk, HieraVidPlan plan)
    {
        var shape = plan.Shape;
        if (chunk.Positions != shape.Positions || chunk.Width != shape.Width
            || chunk.FirstFrame + chunk.FrameCount > shape.Frames)
        {
            throw PruningException.WrongShape("tokens of a chunk",
                $"[frames of {shape.Frames}, {shape.Positions}, {shape.Width}]",
                $"[{string.Join(", ", chunk.Tokens.shape)}] from frame {chunk.FirstFrame}");
        }
        return MergeRuns.Apply(chunk, plan.Merge);
    }

    /// <summary>Step 4, inside the model, at the layers of the schedule: which visual tokens go on.</summary>
    /// <param name="plan">The plan of the whole video.</param>
    /// <param name="stage">1, 2 or 3.</param>
    /// <param name="origins">The surviving visual tokens, ascending, [n].</param>
    /// <param name="hidden">
    /// Their hidden states after attention, before the feed-forward network, [n, D']; any float type.
    /// </param>
    /// <param name="attention">
    /// Attention of the asking token onto them, [heads, n] or already averaged [n]: softmax over all keys, not
    /// renormalised.
    /// </param>
    /// <exception cref="PruningException">The shapes don't fit each other.</exception>
    public static StageSelection Prune(
        HieraVidPlan plan, int stage, ReadOnlySpan<int> origins, Tensor hidden, Tensor attention) =>
        LayerStage.Prune(plan, stage, origins, hidden, attention);

    private static Segment[] Segments(
        List<ChunkSummary> chunks, VideoShape shape, int[] segmentOfFrame, HieraVidOptions options)
    {
        var sums = ChunkOrder.Concatenate(chunks, chunk => chunk.FrameSums);
        var counts = new int[shape.Frames];
        Array.Fill(counts, shape.Positions);
        if (options.AsShippedLastToken && chunks[^1].LastToken is { } lastToken)
        {
            counts[^1]--;
            for (var d = 0; d < shape.Width; d++)
                sums[^(shape.Width - d)] -= lastToken[d];
        }
        var raw = SegmentBudgets.Raw(SegmentBudgets.Means(sums, counts, segmentOfFrame), options.Alpha);
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

    private static void RequireFit(TokenChunk chunk)
    {
        if (chunk.Tokens.ndim != 3 || chunk.FrameCount == 0)
            throw PruningException.WrongShape("tokens of a chunk", "[frames, positions, width]", Shape(chunk.Tokens));
        if (chunk.FirstFrame > 0 != chunk.Previous is not null)
        {
            throw PruningException.BadChunks(
                $"the frame before frame {chunk.FirstFrame} {(chunk.Previous is null ? "is missing" : "cannot exist")}");
        }
        if (chunk.Previous is { } previous && !previous.shape.AsSpan().SequenceEqual(chunk.Tokens.shape.AsSpan(1)))
        {
            throw PruningException.WrongShape(
                "tokens of the frame before", $"[{chunk.Positions}, {chunk.Width}]", Shape(previous));
        }
    }

    private static string Shape(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";
}
