using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace HieraVid.Torch.Rows;

/// <summary>
/// What the row loops share: sixteen float32 lanes on every processor. Where there is no AVX-512 the runtime takes two or four
/// narrower registers for them, so that a sum has the same terms in the same order everywhere: the same bits.
/// Products and sums are rounded one by one for the same reason: not every processor has a fused multiply-add.
/// </summary>
internal static unsafe class Lanes
{
    /// <summary>Floats of a vector.</summary>
    internal const int Count = 16;

    /// <summary>Fewer elements than a vector at a row's end; the other lanes are 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> LoadPart<T>(T* from, long count) where T : unmanaged, IElement<T>
    {
        var padded = stackalloc T[Count];
        for (var i = 0; i < Count; i++)
            padded[i] = i < count ? from[i] : default;
        return T.Load(padded);
    }

    /// <summary>Writes fewer elements than a vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void StorePart<T>(T* to, Vector512<float> values, long count) where T : unmanaged, IElement<T>
    {
        var padded = stackalloc T[Count];
        T.Store(padded, values);
        for (var i = 0; i < count; i++)
            to[i] = padded[i];
    }

    /// <summary>The lanes' sum, in one order on every processor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float Sum(Vector512<float> values)
    {
        var eight = values.GetLower() + values.GetUpper();
        var four = eight.GetLower() + eight.GetUpper();
        return four[0] + four[2] + (four[1] + four[3]);
    }

    /// <summary>The largest lane; a NaN is not one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float Largest(Vector512<float> values)
    {
        var eight = Vector256.MaxNative(values.GetLower(), values.GetUpper());
        var four = Vector128.MaxNative(eight.GetLower(), eight.GetUpper());
        return Math.Max(Math.Max(four[0], four[2]), Math.Max(four[1], four[3]));
    }

    /// <summary>
    /// e^x within 2 units in the last place on [−87, 88], clamped there: 2ⁿ times a polynomial on [−ln 2 / 2, ln 2 / 2]
    /// (Cephes' coefficients).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Exponential(Vector512<float> x)
    {
        x = Vector512.MinNative(Vector512.MaxNative(x, Vector512.Create(-87f)), Vector512.Create(88f));
        var round = Vector512.Create(12582912f); // 1.5 · 2²³: adding it rounds to an integer
        var n = x * 1.44269504f + round - round;
        var r = x - n * 0.693359375f + n * 2.12194440e-4f;
        var p = Vector512.Create(1.9875691500e-4f);
        p = p * r + Vector512.Create(1.3981999507e-3f);
        p = p * r + Vector512.Create(8.3334519073e-3f);
        p = p * r + Vector512.Create(4.1665795894e-2f);
        p = p * r + Vector512.Create(1.6666665459e-1f);
        p = p * r + Vector512.Create(5.0000001201e-1f);
        p = p * (r * r) + r + Vector512<float>.One;
        var power = (Vector512.ConvertToInt32Native(n) + Vector512.Create(127)) << 23;
        return p * power.AsSingle();
    }
}
