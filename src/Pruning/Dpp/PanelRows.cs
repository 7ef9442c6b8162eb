using System.Numerics;

namespace HieraVid.Pruning.Dpp;

/// <summary>
/// Combinations of whole rows of the factor: what turns a row of the kernel into a row of the factor, and a row of the
/// residual kernel into one that later picks start from. Each column is computed alike, so equal tokens stay equal.
/// </summary>
internal static unsafe class PanelRows
{
    /// <summary>to[i] = from[i] − Σ_t weights[t]·panel[t][i], for i in [begin, end); from may be to.</summary>
    /// <param name="from">Row to start from.</param>
    /// <param name="to">Row to write.</param>
    /// <param name="weights">One per panel row.</param>
    /// <param name="panel">First panel row.</param>
    /// <param name="stride">Elements from a panel row to the next.</param>
    /// <param name="count">Number of panel rows.</param>
    /// <param name="begin">First column, a multiple of four vectors.</param>
    /// <param name="end">End of the columns, a multiple of four vectors.</param>
    internal static void Subtract(
        float* from, float* to, float* weights, float* panel, nint stride, int count, int begin, int end)
    {
        var width = Vector<float>.Count;
        for (nint i = begin; i < end; i += 4 * width)
        {
            var s0 = Vector.Load(from + i);
            var s1 = Vector.Load(from + i + width);
            var s2 = Vector.Load(from + i + 2 * width);
            var s3 = Vector.Load(from + i + 3 * width);
            var row = panel + i;
            for (var t = 0; t < count; t++, row += stride)
            {
                var w = new Vector<float>(-weights[t]);
                s0 = Vector.FusedMultiplyAdd(w, Vector.Load(row), s0);
                s1 = Vector.FusedMultiplyAdd(w, Vector.Load(row + width), s1);
                s2 = Vector.FusedMultiplyAdd(w, Vector.Load(row + 2 * width), s2);
                s3 = Vector.FusedMultiplyAdd(w, Vector.Load(row + 3 * width), s3);
            }
            s0.Store(to + i);
            s1.Store(to + i + width);
            s2.Store(to + i + 2 * width);
            s3.Store(to + i + 3 * width);
        }
    }

    /// <summary>e *= scale; d2 −= e²; where d2 ≤ floor it becomes −∞ for good (spent, or NaN).</summary>
    /// <returns>The largest d2 that is left; −∞ if none is.</returns>
    internal static float Finish(float* e, float scale, float* d2, float* floor, int end)
    {
        var width = Vector<float>.Count;
        var factor = new Vector<float>(scale);
        var spent = new Vector<float>(float.NegativeInfinity);
        var best = spent;
        for (nint i = 0; i < end; i += width)
        {
            var x = Vector.Load(e + i) * factor;
            x.Store(e + i);
            var left = Vector.FusedMultiplyAdd(-x, x, Vector.Load(d2 + i));
            left = Vector.ConditionalSelect(Vector.GreaterThan(left, Vector.Load(floor + i)), left, spent);
            left.Store(d2 + i);
            best = Vector.ConditionalSelect(Vector.GreaterThan(left, best), left, best);
        }
        var result = float.NegativeInfinity;
        for (var i = 0; i < width; i++)
            result = Math.Max(result, best[i]);
        return result;
    }
}
