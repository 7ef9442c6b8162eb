using System.Numerics;
using System.Runtime.CompilerServices;

namespace HieraVid.Pruning.Dpp;

/// <summary>v = relevance·x/‖x‖: the vectors whose products are the kernel (HieraVid, Eqs. 6-7).</summary>
internal static unsafe class UnitRows
{
    /// <summary>bfloat16 to float32: the upper half of its bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Widen(ushort* x, int count, float* to)
    {
        var whole = count - count % Vector<ushort>.Count;
        for (nint i = 0; i < whole; i += Vector<ushort>.Count)
        {
            Vector.Widen(Vector.Load(x + i), out var low, out var high);
            Vector.ShiftLeft(low, 16).Store((uint*)to + i);
            Vector.ShiftLeft(high, 16).Store((uint*)to + i + Vector<uint>.Count);
        }
        for (var i = whole; i < count; i++)
            ((uint*)to)[i] = (uint)x[i] << 16;
    }

    /// <summary>Writes one vector, padded with zeros.</summary>
    /// <param name="x">The feature, <paramref name="dimension"/> values; may be the target.</param>
    /// <param name="dimension">D.</param>
    /// <param name="relevance">The token's relevance.</param>
    /// <param name="to">Room for <paramref name="padded"/> values.</param>
    /// <param name="padded">D, rounded up.</param>
    /// <returns>False for a feature without a direction: zero, or not finite.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static bool Write(float* x, int dimension, float relevance, float* to, int padded)
    {
        var sum = Vector<float>.Zero;
        var whole = dimension - dimension % Vector<float>.Count;
        for (nint i = 0; i < whole; i += Vector<float>.Count)
            sum = Vector.FusedMultiplyAdd(Vector.Load(x + i), Vector.Load(x + i), sum);
        var squares = Vector.Sum(sum);
        for (var i = whole; i < dimension; i++)
            squares += x[i] * x[i];
        var scale = relevance / MathF.Sqrt(squares);
        var usable = squares > 0 && float.IsFinite(squares) && float.IsFinite(scale);
        if (!usable)
            scale = 0;
        for (nint i = 0; i < whole; i += Vector<float>.Count)
            (Vector.Load(x + i) * scale).Store(to + i);
        for (var i = whole; i < dimension; i++)
            to[i] = x[i] * scale;
        for (var i = dimension; i < padded; i++)
            to[i] = 0;
        return usable;
    }
}
