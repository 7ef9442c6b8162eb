using HieraVid.Pruning.Dpp;

namespace HieraVid.Pruning.Reference;

/// <summary>
/// A pruning inside the model as plain loops (specification, A6-A8): the yardstick for the fast path.
/// </summary>
public static class ReferenceStage
{
    /// <summary>The tokens that go on.</summary>
    /// <param name="origins">Tokens present, ascending, [n].</param>
    /// <param name="segments">Their segments, [n].</param>
    /// <param name="z">Score of every segment.</param>
    /// <param name="hidden">[n][D].</param>
    /// <param name="attention">Head mean, [n].</param>
    /// <param name="ratio">The stage's pruned fraction.</param>
    /// <param name="selection">How to select.</param>
    /// <param name="options">Sign, deviation and clamp.</param>
    public static int[] Prune(
        int[] origins, int[] segments, float[] z, float[][] hidden, float[] attention, double ratio,
        SelectionRule selection, HieraVidOptions options)
    {
        var signed = options.RelevanceSign == RelevanceSign.Negated ? Array.ConvertAll(attention, a => -a) : attention;
        var (min, range) = (signed.Min(), signed.Max() - signed.Min());
        var rho = selection == SelectionRule.Dpp
            ? Array.ConvertAll(signed, a => range == 0 ? 1 : (a - min + 1e-6f) / range)
            : Array.ConvertAll(signed, a => (a - min + 1e-8f) / (range + 1e-8f));
        var kept = new List<int>();
        foreach (var s in segments.Distinct())
        {
            var rows = Enumerable.Range(0, origins.Length).Where(row => segments[row] == s).ToArray();
            var share = (float)(1 - ratio) + (float)options.Deviation * z[s];
            var keep = (int)(rows.Length * Math.Clamp(share, (float)options.ClampLow, (float)options.ClampHigh));
            kept.AddRange(selection switch
            {
                SelectionRule.Dpp => SelectByDpp(hidden, rho, new DppSegment(rows, keep)),
                SelectionRule.TopK => rows.OrderByDescending(row => rho[row]).ThenBy(row => row).Take(keep),
                _ => Enumerable.Range(0, keep).Select(b => Bucket(rows, b, keep).MaxBy(row => rho[row])),
            });
        }
        return [.. kept.Order().Select(row => origins[row])];
    }

    private static int[] SelectByDpp(float[][] hidden, float[] rho, DppSegment segment) =>
        ReferenceDpp.Select([.. hidden.SelectMany(row => row)], hidden[0].Length, rho, segment).Selection.Order;

    private static int[] Bucket(int[] rows, int b, int keep) =>
        rows[(b * rows.Length / keep)..((b + 1) * rows.Length / keep)];
}
