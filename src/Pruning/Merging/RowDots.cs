using System.Numerics;
using System.Runtime.InteropServices;

namespace HieraVid.Pruning;

/// <summary>Products and sums of float32 rows in float64, in an order that depends on the width alone.</summary>
internal static class RowDots
{
    /// <summary>x·y. Equal rows give exactly the same as x·x.</summary>
    internal static double Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        var a = MemoryMarshal.Cast<float, Vector<float>>(x);
        var b = MemoryMarshal.Cast<float, Vector<float>>(y);
        var (low, high) = (Vector<double>.Zero, Vector<double>.Zero);
        for (var i = 0; i < a.Length; i++)
        {
            Vector.Widen(a[i], out var a0, out var a1);
            Vector.Widen(b[i], out var b0, out var b1);
            low += a0 * b0;
            high += a1 * b1;
        }
        var sum = Vector.Sum(low + high);
        for (var i = a.Length * Vector<float>.Count; i < x.Length; i++)
            sum += (double)x[i] * y[i];
        return sum;
    }

    /// <summary>sum += x.</summary>
    internal static void Add(ReadOnlySpan<float> x, Span<double> sum)
    {
        var from = MemoryMarshal.Cast<float, Vector<float>>(x);
        var to = MemoryMarshal.Cast<double, Vector<double>>(sum);
        for (var i = 0; i < from.Length; i++)
        {
            Vector.Widen(from[i], out var low, out var high);
            to[2 * i] += low;
            to[2 * i + 1] += high;
        }
        for (var i = from.Length * Vector<float>.Count; i < x.Length; i++)
            sum[i] += x[i];
    }
}
