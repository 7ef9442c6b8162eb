namespace HieraVid.Pruning;

/// <summary>Frames that the DPP at the input chose from together, where the model's window had no room for all.</summary>
/// <param name="Frames">The frames.</param>
/// <param name="Count">Their tokens after merging.</param>
/// <param name="Keep">Those for which there was room.</param>
public readonly record struct WindowPiece(FrameRange Frames, int Count, int Keep);

/// <summary>
/// What a report needs to explain every token: the facts that the steps produce anyway, put side by side. Nothing is
/// recorded while the steps run, so a run without a trace costs nothing.
/// </summary>
/// <param name="Plan">The plan.</param>
/// <param name="Similarity">[N], cosine with the token before; −2 in the first frame; NaN where undefined.</param>
/// <param name="MergedInto">[N], the token that holds each token after merging: itself if it was not merged.</param>
/// <param name="Window">The pieces of the DPP at the input, in order; empty where the window had room.</param>
/// <param name="Entered">The tokens that entered the model, ascending, [n₀].</param>
/// <param name="Stages">The stages that ran inside the model.</param>
public sealed record PruningTrace(
    HieraVidPlan Plan, float[] Similarity, int[] MergedInto, WindowPiece[] Window, int[] Entered, StageTrace[] Stages)
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
        plan,
        ChunkOrder.Concatenate(ChunkSummary.Order<HieraVidSummary>(summaries).Ordered, chunk => chunk.Similarity),
        plan.Merge.MergedInto(plan.Shape.Positions),
        [.. plan.PieceQuotas.Select((keep, i) => PieceOf(plan, plan.Pieces[i], keep))],
        entered,
        [.. selections.Select(selection => StageTrace.Of(selection, plan.Options))]);

    private static WindowPiece PieceOf(HieraVidPlan plan, FrameRange frames, int keep)
    {
        var positions = plan.Shape.Positions;
        var merged = plan.Merge.Merged.AsSpan(frames.First * positions, frames.Count * positions);
        return new WindowPiece(frames, merged.Count(false), keep);
    }
}
