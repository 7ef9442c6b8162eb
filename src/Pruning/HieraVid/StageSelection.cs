using System.Text.Json.Serialization;

namespace HieraVid.Pruning;

/// <summary>A segment's share of one stage.</summary>
/// <param name="Segment">Its id.</param>
/// <param name="Count">c, its tokens before the stage.</param>
/// <param name="Keep">k, its tokens after it.</param>
public readonly record struct SegmentQuota(int Segment, int Count, int Keep);

/// <summary>
/// What a stage inside the model decided. The arrays beside the kept rows come out of the computation anyway; they
/// explain it.
/// </summary>
/// <param name="Stage">1, 2 or 3.</param>
/// <param name="Point">Where.</param>
/// <param name="Origins">The tokens present before it (original indices, ascending), [n].</param>
/// <param name="Kept">The rows that go on, ascending, each once.</param>
/// <param name="Relevance">ρ by row, [n]; empty if the stage selects nothing.</param>
/// <param name="Quotas">Of the segments present, by id.</param>
/// <param name="Order">The kept rows in the order of their selection, segment after segment.</param>
/// <param name="Gain">
/// d² of each row of <paramref name="Order"/> when it was selected (Eqs. 8-10), 0 for places filled by relevance after
/// the segment was spent; empty where no DPP ran.
/// </param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record StageSelection(
    int Stage, LayerPoint Point, int[] Origins, int[] Kept, float[] Relevance, SegmentQuota[] Quotas, int[] Order,
    float[] Gain) : LayerSelection(Point, Origins, Kept);
