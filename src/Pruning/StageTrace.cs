using System.Text.Json.Serialization;

namespace HieraVid.Pruning;

/// <summary>One stage inside the model, by token present before it.</summary>
/// <param name="Stage">1, 2 or 3.</param>
/// <param name="Origins">Original indices, ascending, [n].</param>
/// <param name="Relevance">ρ, [n]; empty if the stage selected nothing.</param>
/// <param name="Kept">[n].</param>
/// <param name="Rank">Place in the segment's order of selection, [n]; −1 where not selected.</param>
/// <param name="Gain">d² at selection, [n]; NaN where not selected or where no DPP ran.</param>
/// <param name="Quotas">Of the segments present, by id.</param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record StageTrace(
    int Stage, int[] Origins, float[] Relevance, bool[] Kept, int[] Rank, float[] Gain, SegmentQuota[] Quotas)
{
    /// <summary>From a stage's result.</summary>
    public static StageTrace Of(StageSelection selection)
    {
        var n = selection.Origins.Length;
        var (kept, rank, gain) = (new bool[n], new int[n], new float[n]);
        Array.Fill(rank, -1);
        Array.Fill(gain, float.NaN);
        foreach (var row in selection.Kept)
            kept[row] = true;
        var place = 0;
        foreach (var quota in selection.Quotas)
        {
            for (var i = 0; i < quota.Keep; i++, place++)
            {
                rank[selection.Order[place]] = i;
                if (selection.Gain.Length > 0)
                    gain[selection.Order[place]] = selection.Gain[place];
            }
        }
        return new StageTrace(
            selection.Stage, selection.Origins, selection.Relevance, kept, rank, gain, selection.Quotas);
    }
}
