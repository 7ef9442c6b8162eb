using System.Numerics;
using System.Runtime.CompilerServices;

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
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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

    /// <summary>
    /// The same for four rows in place, which share what is read of the panel: twice as fast. Bits are those of one row.
    /// </summary>
    /// <param name="rows">Four rows.</param>
    /// <param name="weights">Four per panel row.</param>
    /// <param name="panel">First panel row.</param>
    /// <param name="stride">Elements from a panel row to the next.</param>
    /// <param name="count">Number of panel rows.</param>
    /// <param name="begin">First column, a multiple of four vectors.</param>
    /// <param name="end">End of the columns, a multiple of four vectors.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void SubtractFour(
        float** rows, float* weights, float* panel, nint stride, int count, int begin, int end)
    {
        var width = Vector<float>.Count;
        float* r0 = rows[0], r1 = rows[1], r2 = rows[2], r3 = rows[3];
        for (nint i = begin; i < end; i += 2 * width)
        {
            Vector<float> s00 = Vector.Load(r0 + i), s01 = Vector.Load(r0 + i + width);
            Vector<float> s10 = Vector.Load(r1 + i), s11 = Vector.Load(r1 + i + width);
            Vector<float> s20 = Vector.Load(r2 + i), s21 = Vector.Load(r2 + i + width);
            Vector<float> s30 = Vector.Load(r3 + i), s31 = Vector.Load(r3 + i + width);
            var row = panel + i;
            for (var t = 0; t < count; t++, row += stride)
            {
                Vector<float> x = Vector.Load(row), y = Vector.Load(row + width);
                var w = new Vector<float>(-weights[4 * t]);
                s00 = Vector.FusedMultiplyAdd(w, x, s00);
                s01 = Vector.FusedMultiplyAdd(w, y, s01);
                w = new Vector<float>(-weights[4 * t + 1]);
                s10 = Vector.FusedMultiplyAdd(w, x, s10);
                s11 = Vector.FusedMultiplyAdd(w, y, s11);
                w = new Vector<float>(-weights[4 * t + 2]);
                s20 = Vector.FusedMultiplyAdd(w, x, s20);
                s21 = Vector.FusedMultiplyAdd(w, y, s21);
                w = new Vector<float>(-weights[4 * t + 3]);
                s30 = Vector.FusedMultiplyAdd(w, x, s30);
                s31 = Vector.FusedMultiplyAdd(w, y, s31);
            }
            s00.Store(r0 + i);
            s01.Store(r0 + i + width);
            s10.Store(r1 + i);
            s11.Store(r1 + i + width);
            s20.Store(r2 + i);
            s21.Store(r2 + i + width);
            s30.Store(r3 + i);
            s31.Store(r3 + i + width);
        }
    }

    /// <summary>e *= scale; d2 −= e²; where d2 ≤ floor it becomes −∞ for good (spent, or NaN).</summary>
    /// <returns>The largest d2 that is left; −∞ if none is.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
