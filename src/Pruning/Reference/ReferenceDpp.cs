namespace HieraVid.Pruning.Reference;

/// <summary>
/// Exact greedy MAP of a DPP with the guard against spent tokens (HieraVid, Eqs. 6-10; specification, A8), as plain loops:
/// the yardstick for the fast path.
/// </summary>
public static class ReferenceDpp
{
    // Below this share of ρ², d² is rounding noise.
    private const float SpentShare = 1e-5f;

    /// <summary>Selects tokens of one segment.</summary>
    /// <param name="features">[n][D].</param>
    /// <param name="relevance">ρ, [n].</param>
    /// <param name="members">Rows of the segment, ascending.</param>
    /// <param name="keep">k ≤ number of members.</param>
    /// <returns>Rows in the order of selection, and d² of each when it was selected (0 for filled places).</returns>
    public static (int[] Order, float[] Gain) Select(
        IReadOnlyList<float[]> features, ReadOnlySpan<float> relevance, IReadOnlyList<int> members, int keep)
    {
        var n = members.Count;
        var (units, rho) = (new float[n][], new float[n]);
        var (residual, taken) = (new float[n], new bool[n]);
        for (var i = 0; i < n; i++)
        {
            units[i] = Unit(features[members[i]]);
            rho[i] = relevance[members[i]];
            residual[i] = units[i].Any(x => x != 0) ? rho[i] * rho[i] : 0;
        }
        List<float[]> rows = [];
        var (order, gain) = (new List<int>(), new List<float>());
        while (order.Count < keep && Best(residual, rho, taken) is var j and >= 0)
        {
            var row = new float[n];
            for (var i = 0; i < n; i++)
            {
                var dot = rho[j] * rho[i] * Dot(units[j], units[i]);
                foreach (var earlier in rows)
                    dot -= earlier[j] * earlier[i];
                row[i] = dot / MathF.Sqrt(residual[j]);
            }
            taken[j] = true;
            order.Add(members[j]);
            gain.Add(residual[j]);
            rows.Add(row);
            for (var i = 0; i < n; i++)
                residual[i] -= row[i] * row[i];
        }
        var fill = Enumerable.Range(0, n).Where(i => !taken[i]).OrderByDescending(i => rho[i]).ThenBy(i => i);
        foreach (var i in fill.Take(keep - order.Count).ToList())
        {
            order.Add(members[i]);
            gain.Add(0);
        }
        return ([.. order], [.. gain]);
    }

    private static int Best(float[] residual, float[] rho, bool[] taken)
    {
        var best = -1;
        for (var i = 0; i < rho.Length; i++)
        {
            if (!taken[i] && residual[i] > SpentShare * rho[i] * rho[i] && (best < 0 || residual[i] > residual[best]))
                best = i;
        }
        return best;
    }

    // Zero for a zero vector and for one that is not finite.
    private static float[] Unit(float[] x)
    {
        var norm = MathF.Sqrt(Dot(x, x));
        return norm > 0 && float.IsFinite(norm) ? Array.ConvertAll(x, value => value / norm) : new float[x.Length];
    }

    private static float Dot(float[] x, float[] y)
    {
        var sum = 0f;
        for (var d = 0; d < x.Length; d++)
            sum += x[d] * y[d];
        return sum;
    }
}
