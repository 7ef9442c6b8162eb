using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HieraVid.Pruning.Dpp;

/// <summary>
/// All products of a few left rows with a few right rows, written out so that every sum stays in a register: 5 x 5 with the
/// 32 registers of 16 floats that AVX-512 has, 4 x 3 with the 16 registers of AVX2. Of 3,584 floats each, on one core (Zen 4)
/// 5 x 5 does 105 GFLOP/s, 6 x 4 100, 4 x 3 85; OpenBLAS 95 for the same block.
/// </summary>
internal static unsafe class DotKernels
{
    private static bool Wide => Vector512.IsHardwareAccelerated && Avx512F.IsSupported;

    /// <summary>Room for the products of a call, some of it unused.</summary>
    internal const int ProductsRoom = 32;

    /// <summary>Left rows of a call.</summary>
    internal static int LeftRows => Wide ? 5 : 4;

    /// <summary>Right rows of a call.</summary>
    internal static int RightRows => Wide ? 5 : 3;

    /// <summary>
    /// products[i·RightRows + j] = left[i] · right[j], over <paramref name="depth"/> floats, whole vectors of 16. Meanwhile as
    /// much is fetched of a row that will be needed soon: right rows that come from memory are multiplied at 80 GFLOP/s
    /// without it, at 92 with it (25 left rows of 3,584 that stay in the cache).
    /// </summary>
    internal static void Multiply(float** left, float** right, int depth, float* soon, float* products)
    {
        if (Wide)
            Multiply5x5(left, right, depth, soon, products);
        else
            Multiply4x3(left, right, depth, soon, products);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fetch(float* address)
    {
        if (Sse.IsSupported)
            Sse.Prefetch1(address);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Multiply5x5(float** left, float** right, int depth, float* soon, float* products)
    {
        float* a0 = left[0], a1 = left[1], a2 = left[2], a3 = left[3], a4 = left[4];
        float* b0 = right[0], b1 = right[1], b2 = right[2], b3 = right[3], b4 = right[4];
        Vector512<float> s00 = default, s01 = default, s02 = default, s03 = default, s04 = default;
        Vector512<float> s10 = default, s11 = default, s12 = default, s13 = default, s14 = default;
        Vector512<float> s20 = default, s21 = default, s22 = default, s23 = default, s24 = default;
        Vector512<float> s30 = default, s31 = default, s32 = default, s33 = default, s34 = default;
        Vector512<float> s40 = default, s41 = default, s42 = default, s43 = default, s44 = default;
        for (nint i = 0; i < depth; i += Vector512<float>.Count)
        {
            Fetch(soon + i);
            var y0 = Vector512.Load(b0 + i);
            var y1 = Vector512.Load(b1 + i);
            var y2 = Vector512.Load(b2 + i);
            var y3 = Vector512.Load(b3 + i);
            var y4 = Vector512.Load(b4 + i);
            var x = Vector512.Load(a0 + i);
            s00 = Vector512.FusedMultiplyAdd(x, y0, s00);
            s01 = Vector512.FusedMultiplyAdd(x, y1, s01);
            s02 = Vector512.FusedMultiplyAdd(x, y2, s02);
            s03 = Vector512.FusedMultiplyAdd(x, y3, s03);
            s04 = Vector512.FusedMultiplyAdd(x, y4, s04);
            x = Vector512.Load(a1 + i);
            s10 = Vector512.FusedMultiplyAdd(x, y0, s10);
            s11 = Vector512.FusedMultiplyAdd(x, y1, s11);
            s12 = Vector512.FusedMultiplyAdd(x, y2, s12);
            s13 = Vector512.FusedMultiplyAdd(x, y3, s13);
            s14 = Vector512.FusedMultiplyAdd(x, y4, s14);
            x = Vector512.Load(a2 + i);
            s20 = Vector512.FusedMultiplyAdd(x, y0, s20);
            s21 = Vector512.FusedMultiplyAdd(x, y1, s21);
            s22 = Vector512.FusedMultiplyAdd(x, y2, s22);
            s23 = Vector512.FusedMultiplyAdd(x, y3, s23);
            s24 = Vector512.FusedMultiplyAdd(x, y4, s24);
            x = Vector512.Load(a3 + i);
            s30 = Vector512.FusedMultiplyAdd(x, y0, s30);
            s31 = Vector512.FusedMultiplyAdd(x, y1, s31);
            s32 = Vector512.FusedMultiplyAdd(x, y2, s32);
            s33 = Vector512.FusedMultiplyAdd(x, y3, s33);
            s34 = Vector512.FusedMultiplyAdd(x, y4, s34);
            x = Vector512.Load(a4 + i);
            s40 = Vector512.FusedMultiplyAdd(x, y0, s40);
            s41 = Vector512.FusedMultiplyAdd(x, y1, s41);
            s42 = Vector512.FusedMultiplyAdd(x, y2, s42);
            s43 = Vector512.FusedMultiplyAdd(x, y3, s43);
            s44 = Vector512.FusedMultiplyAdd(x, y4, s44);
        }
        Sums(s00, s01, s02, s03, s04, s10, s11, s12, s13, s14, s20, s21, s22, s23, s24, s30).Store(products);
        var none = Vector512<float>.Zero;
        Sums(s31, s32, s33, s34, s40, s41, s42, s43, s44, none, none, none, none, none, none, none).Store(products + 16);
    }

    // The sums of 16 vectors, each added up in the same order. Together: one by one they cost three times as much, a fifth of
    // the products of rows of 896.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Sums(
        Vector512<float> v0, Vector512<float> v1, Vector512<float> v2, Vector512<float> v3,
        Vector512<float> v4, Vector512<float> v5, Vector512<float> v6, Vector512<float> v7,
        Vector512<float> v8, Vector512<float> v9, Vector512<float> v10, Vector512<float> v11,
        Vector512<float> v12, Vector512<float> v13, Vector512<float> v14, Vector512<float> v15) =>
        Quarters(
            Quarters(Eighths(Halves(v0, v4), Halves(v8, v12)), Eighths(Halves(v2, v6), Halves(v10, v14))),
            Quarters(Eighths(Halves(v1, v5), Halves(v9, v13)), Eighths(Halves(v3, v7), Halves(v11, v15))));

    // Halves of x added, halves of y added: side by side.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Halves(Vector512<float> x, Vector512<float> y) =>
        Avx512F.Shuffle4x128(x, y, 0b01_00_01_00) + Avx512F.Shuffle4x128(x, y, 0b11_10_11_10);

    // The same for vectors that are two halves each, …
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Eighths(Vector512<float> x, Vector512<float> y) =>
        Avx512F.Shuffle4x128(x, y, 0b10_00_10_00) + Avx512F.Shuffle4x128(x, y, 0b11_01_11_01);

    // … and within each quarter.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Quarters(Vector512<float> x, Vector512<float> y) =>
        Avx512F.UnpackLow(x, y) + Avx512F.UnpackHigh(x, y);

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Multiply4x3(float** left, float** right, int depth, float* soon, float* products)
    {
        float* a0 = left[0], a1 = left[1], a2 = left[2], a3 = left[3];
        float* b0 = right[0], b1 = right[1], b2 = right[2];
        Vector<float> s00 = default, s01 = default, s02 = default;
        Vector<float> s10 = default, s11 = default, s12 = default;
        Vector<float> s20 = default, s21 = default, s22 = default;
        Vector<float> s30 = default, s31 = default, s32 = default;
        for (nint i = 0; i < depth; i += Vector<float>.Count)
        {
            Fetch(soon + i);
            var y0 = Vector.Load(b0 + i);
            var y1 = Vector.Load(b1 + i);
            var y2 = Vector.Load(b2 + i);
            var x = Vector.Load(a0 + i);
            s00 = Vector.FusedMultiplyAdd(x, y0, s00);
            s01 = Vector.FusedMultiplyAdd(x, y1, s01);
            s02 = Vector.FusedMultiplyAdd(x, y2, s02);
            x = Vector.Load(a1 + i);
            s10 = Vector.FusedMultiplyAdd(x, y0, s10);
            s11 = Vector.FusedMultiplyAdd(x, y1, s11);
            s12 = Vector.FusedMultiplyAdd(x, y2, s12);
            x = Vector.Load(a2 + i);
            s20 = Vector.FusedMultiplyAdd(x, y0, s20);
            s21 = Vector.FusedMultiplyAdd(x, y1, s21);
            s22 = Vector.FusedMultiplyAdd(x, y2, s22);
            x = Vector.Load(a3 + i);
            s30 = Vector.FusedMultiplyAdd(x, y0, s30);
            s31 = Vector.FusedMultiplyAdd(x, y1, s31);
            s32 = Vector.FusedMultiplyAdd(x, y2, s32);
        }
        products[0] = Vector.Sum(s00); products[1] = Vector.Sum(s01); products[2] = Vector.Sum(s02);
        products[3] = Vector.Sum(s10); products[4] = Vector.Sum(s11); products[5] = Vector.Sum(s12);
        products[6] = Vector.Sum(s20); products[7] = Vector.Sum(s21); products[8] = Vector.Sum(s22);
        products[9] = Vector.Sum(s30); products[10] = Vector.Sum(s31); products[11] = Vector.Sum(s32);
    }
}
