using System.Text.Json.Serialization;

namespace HieraVid.Pruning;

/// <summary>Why one token was kept or dropped at one stage inside the model.</summary>
/// <param name="Stage">1, 2 or 3.</param>
/// <param name="Layer">The layer inside which the stage prunes.</param>
/// <param name="Relevance">ρ; NaN if the stage selected nothing.</param>
/// <param name="SegmentCount">Tokens of its segment before the stage.</param>
/// <param name="SegmentKeep">Tokens of its segment after the stage.</param>
/// <param name="Gain">
/// d² when a DPP selected it, 0 if it filled a place; NaN if it was not selected or no DPP ran.
/// </param>
/// <param name="Rank">Its place in its segment's order of selection, from 0; −1 if it was not selected.</param>
/// <param name="Kept">Whether it went on.</param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record TokenStage(
    int Stage, int Layer, float Relevance, int SegmentCount, int SegmentKeep, float Gain, int Rank, bool Kept);

/// <summary>The way of one visual token through all stages.</summary>
/// <param name="Token">Its original index.</param>
/// <param name="Frame">Its frame.</param>
/// <param name="Position">Its position in the frame.</param>
/// <param name="Segment">Its segment; −1 if it belongs to none.</param>
/// <param name="Similarity">Cosine with the token before it; −2 in the first frame; NaN if undefined.</param>
/// <param name="MergedInto">The token that holds it: itself if it was not merged.</param>
/// <param name="DroppedAt">
/// Stage at which it, or the token that holds it, was dropped, 0 for want of room in the model's window; null if it
/// reached the last layer.
/// </param>
/// <param name="Stages">The stages that it, or the token that holds it, came to.</param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record TokenHistory(
    int Token, int Frame, int Position, int Segment, float Similarity, int MergedInto, int? DroppedAt,
    TokenStage[] Stages);

/// <summary>
/// What a report needs to explain every token: the facts that the steps produce anyway, put side by side. Nothing is
/// recorded while the steps run, so a run without a trace costs nothing.
/// </summary>
/// <param name="Shape">The video.</param>
/// <param name="Similarity">[N].</param>
/// <param name="MergeThreshold">Least similarity that merged; +∞ if nothing did.</param>
/// <param name="MergedInto">[N], the token that holds each token after merging.</param>
/// <param name="Overlap">[F].</param>
/// <param name="SegmentOfFrame">[F].</param>
/// <param name="Segments">[S].</param>
/// <param name="Layers">The layers inside which stages 1 to 3 prune.</param>
/// <param name="Unsegmented">The token that belongs to no segment; −1 if there is none.</param>
/// <param name="Entered">The tokens that entered the model, ascending, [n₀].</param>
/// <param name="Stages">The stages that ran.</param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record PruningTrace(
    VideoShape Shape, float[] Similarity, float MergeThreshold, int[] MergedInto, float[] Overlap, int[] SegmentOfFrame,
    Segment[] Segments, int[] Layers, int Unsegmented, int[] Entered,
    StageTrace[] Stages)
{
    /// <summary>Puts a trace together after a run.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="summaries">All chunks, in any order; only their similarities are read.</param>
    /// <param name="entered">The tokens that entered the model, ascending.</param>
    /// <param name="selections">The stages that ran, in order.</param>
    /// <exception cref="PruningException">The chunks don't make up one video.</exception>
    public static PruningTrace Of(
        HieraVidPlan plan, IReadOnlyList<ChunkSummary> summaries, int[] entered,
        IReadOnlyList<StageSelection> selections) => new(
        plan.Shape,
        ChunkOrder.Concatenate(ChunkSummary.Order<HieraVidSummary>(summaries).Ordered, chunk => chunk.Similarity),
        plan.Merge.Threshold, plan.Merge.MergedInto(plan.Shape.Positions), plan.Overlap, plan.SegmentOfFrame,
        plan.Segments,
        [.. plan.Schedule.Layers], plan.Options.AsShippedLastToken ? plan.Shape.Tokens - 1 : -1, entered,
        [.. selections.Select(StageTrace.Of)]);

    /// <summary>The way of one token.</summary>
    /// <param name="token">Its original index, 0 to N−1.</param>
    public TokenHistory Explain(int token)
    {
        var holder = MergedInto[token];
        var stages = new List<TokenStage>();
        int? droppedAt = Array.BinarySearch(Entered, holder) < 0 ? 0 : null;
        foreach (var stage in Stages)
        {
            var row = Array.BinarySearch(stage.Origins, holder);
            if (row < 0)
                break;
            var quota = Array.Find(stage.Quotas, quota => quota.Segment == SegmentOf(holder));
            stages.Add(new TokenStage(stage.Stage, Layers[stage.Stage - 1],
                stage.Relevance.Length == 0 ? float.NaN : stage.Relevance[row], quota.Count, quota.Keep,
                stage.Gain[row], stage.Rank[row], stage.Kept[row]));
            droppedAt = stage.Kept[row] ? null : stage.Stage;
        }
        return new TokenHistory(token, Shape.FrameOf(token), Shape.PositionOf(token), SegmentOf(token), Similarity[token],
            holder, droppedAt, [.. stages]);
    }

    private int SegmentOf(int token) =>
        token == Unsegmented ? HieraVidPlan.NoSegment : SegmentOfFrame[Shape.FrameOf(token)];
}
