using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace HieraVid.Torch.Rows;

/// <summary>
/// One pass over memory where libtorch's operations make several: composed of those, the same work takes 3 to 22 times as long
/// on a CPU. Each result depends on its own row only, whatever its place and the number of threads. Optimized at once: until
/// the runtime would have seen that they are busy, a decoded token took half as long again.
/// </summary>
internal static unsafe class RowLoops
{
    private const float Lowest = -3.4028234e38f;

    /// <summary>w · cast(x / √(mean(x²) + ε)) for one row: rounded before the product, as Qwen2's reference does.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void RmsNorm<T>(T* x, T* weight, T* to, long width, float epsilon) where T : unmanaged, IElement<T>
    {
        var whole = width / Lanes.Count * Lanes.Count;
        var sums = Vector512<float>.Zero;
        for (long i = 0; i < whole; i += Lanes.Count)
        {
            var v = T.Load(x + i);
            sums += v * v;
        }
        var rest = whole < width ? Lanes.LoadPart(x + whole, width - whole) : default;
        sums += rest * rest;
        var scale = Vector512.Create(1 / MathF.Sqrt(Lanes.Sum(sums) / width + epsilon));
        var normed = stackalloc T[Lanes.Count];
        for (long i = 0; i < whole; i += Lanes.Count)
        {
            T.Store(normed, T.Load(x + i) * scale);
            T.Store(to + i, T.Load(normed) * T.Load(weight + i));
        }
        if (whole == width)
            return;
        T.Store(normed, rest * scale);
        Lanes.StorePart(to + whole, T.Load(normed) * Lanes.LoadPart(weight + whole, width - whole), width - whole);
    }

    /// <summary>Turns the pairs (j, j + half) of one head by its token's angles.</summary>
    /// <param name="x">2 · half elements.</param>
    /// <param name="cos">half cosines.</param>
    /// <param name="sin">half sines.</param>
    /// <param name="to">2 · half elements.</param>
    /// <param name="half">Pairs.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Rotate<T>(T* x, float* cos, float* sin, T* to, long half) where T : unmanaged, IElement<T>
    {
        long j = 0;
        for (; j + Lanes.Count <= half; j += Lanes.Count)
        {
            var (a, b) = (T.Load(x + j), T.Load(x + half + j));
            var (c, s) = (Vector512.Load(cos + j), Vector512.Load(sin + j));
            T.Store(to + j, a * c - b * s);
            T.Store(to + half + j, b * c + a * s);
        }
        if (j < half)
        {
            var n = half - j;
            var (a, b) = (Lanes.LoadPart(x + j, n), Lanes.LoadPart(x + half + j, n));
            var (c, s) = (Lanes.LoadPart((Wide*)cos + j, n), Lanes.LoadPart((Wide*)sin + j, n));
            Lanes.StorePart(to + j, a * c - b * s, n);
            Lanes.StorePart(to + half + j, b * c + a * s, n);
        }
    }

    /// <summary>silu(gate) · up.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void SwiGlu<T>(T* gate, T* up, T* to, long count) where T : unmanaged, IElement<T>
    {
        long i = 0;
        for (; i + Lanes.Count <= count; i += Lanes.Count)
            T.Store(to + i, Unit(T.Load(gate + i), T.Load(up + i)));
        if (i < count)
            Lanes.StorePart(to + i, Unit(Lanes.LoadPart(gate + i, count - i), Lanes.LoadPart(up + i, count - i)), count - i);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static Vector512<float> Unit(Vector512<float> gate, Vector512<float> up) =>
            gate / (Vector512<float>.One + Lanes.Exponential(-gate)) * up;
    }

    /// <summary>0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))), which is x / (1 + e^(−2u)) with the tanh's argument u.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void GeluTanh<T>(T* x, T* to, long count) where T : unmanaged, IElement<T>
    {
        long i = 0;
        for (; i + Lanes.Count <= count; i += Lanes.Count)
            T.Store(to + i, Gelu(T.Load(x + i)));
        if (i < count)
            Lanes.StorePart(to + i, Gelu(Lanes.LoadPart(x + i, count - i)), count - i);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static Vector512<float> Gelu(Vector512<float> v) =>
            v / (Vector512<float>.One + Lanes.Exponential((v + v * v * v * 0.044715f) * -1.5957691216f));
    }

    /// <summary>softmax(scale · row) in place over the first scores, 0 for the others.</summary>
    /// <param name="row">keys scores.</param>
    /// <param name="buffer">As many floats, rounded up to whole vectors.</param>
    /// <param name="seen">Scores that count, at least 1.</param>
    /// <param name="keys">All of them.</param>
    /// <param name="scale">Above 0.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Softmax<T>(T* row, float* buffer, long seen, long keys, float scale) where T : unmanaged, IElement<T>
    {
        var whole = seen / Lanes.Count * Lanes.Count;
        var best = Vector512.Create(Lowest);
        for (long i = 0; i < whole; i += Lanes.Count)
            best = Vector512.MaxNative(best, T.Load(row + i));
        var largest = Lanes.Largest(best);
        var rest = Lanes.LoadPart(row + whole, seen - whole);
        for (var l = 0; l < seen - whole; l++)
            largest = Math.Max(largest, rest[l]);
        var (shift, scales) = (Vector512.Create(largest), Vector512.Create(scale));
        var sums = Vector512<float>.Zero;
        for (long i = 0; i < whole; i += Lanes.Count)
        {
            var e = Lanes.Exponential((T.Load(row + i) - shift) * scales);
            e.Store(buffer + i);
            sums += e;
        }
        var sum = Lanes.Sum(sums);
        rest = Lanes.Exponential((rest - shift) * scales);
        for (var l = 0; l < seen - whole; l++)
            sum += rest[l];
        var share = Vector512.Create(1 / sum);
        for (long i = 0; i < whole; i += Lanes.Count)
            T.Store(row + i, Vector512.Load(buffer + i) * share);
        if (whole < seen)
            Lanes.StorePart(row + whole, rest * share, seen - whole);
        Unsafe.InitBlockUnaligned(row + seen, 0, checked((uint)((keys - seen) * sizeof(T))));
    }

    /// <summary>The products of some float32 rows with some rows of a weight, plus the bias.</summary>
    /// <param name="x">rows · inputs.</param>
    /// <param name="weight">outputs · inputs.</param>
    /// <param name="bias">outputs, or null.</param>
    /// <param name="to">rows · outputs.</param>
    /// <param name="rows">Rows of x.</param>
    /// <param name="inputs">Elements of a row.</param>
    /// <param name="outputs">Rows of the weight.</param>
    /// <param name="first">The first of them to take.</param>
    /// <param name="last">The one after the last.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Dots<T>(float* x, T* weight, float* bias, float* to, long rows, long inputs, long outputs, long first, long last)
        where T : unmanaged, IElement<T>
    {
        for (var o = first; o < last; o++)
            for (long r = 0; r < rows; r++)
                to[r * outputs + o] = Dot(x + r * inputs, weight + o * inputs, inputs) + (bias is null ? 0 : bias[o]);
    }

    /// <summary>The dot product of a float32 row and another, summed in float32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot<T>(float* x, T* weight, long width) where T : unmanaged, IElement<T>
    {
        // Independent sums hide the latency of an addition.
        Vector512<float> a = default, b = default, c = default, d = default;
        long i = 0;
        for (; i + 4 * Lanes.Count <= width; i += 4 * Lanes.Count)
        {
            a += Vector512.Load(x + i) * T.Load(weight + i);
            b += Vector512.Load(x + i + Lanes.Count) * T.Load(weight + i + Lanes.Count);
            c += Vector512.Load(x + i + 2 * Lanes.Count) * T.Load(weight + i + 2 * Lanes.Count);
            d += Vector512.Load(x + i + 3 * Lanes.Count) * T.Load(weight + i + 3 * Lanes.Count);
        }
        for (; i + Lanes.Count <= width; i += Lanes.Count)
            a += Vector512.Load(x + i) * T.Load(weight + i);
        if (i < width)
            b += Lanes.LoadPart((Wide*)x + i, width - i) * Lanes.LoadPart(weight + i, width - i);
        return Lanes.Sum(a + b + (c + d));
    }
}
