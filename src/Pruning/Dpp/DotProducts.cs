using System.Numerics;
using System.Runtime.CompilerServices;

namespace HieraVid.Pruning.Dpp;

/// <summary>
/// Blocks of dot products between rows that lie contiguously in memory. Every product is summed in one fixed order, whatever
/// its place in the block, so that results depend neither on the number of threads nor on how the work was cut, and equal
/// rows give equal bits. A library's matrix product promises neither.
/// </summary>
internal static unsafe class DotProducts
{
    // 4 x 3 products need 12 accumulators and 4 operands: the 16 vector registers of AVX2.
    private const int LeftRows = 4;
    private const int RightRows = 3;

    // Elements of a row taken at once: 3 right rows of 4 KB stay in the L1 cache, 128 left rows in a 1 MB L2.
    private const int Depth = 1024;

    /// <summary>target[i][j] += sign * left[i] · right[j].</summary>
    /// <param name="left">Pointers to the left rows.</param>
    /// <param name="target">One pointer per left row, to <paramref name="rightCount"/> values.</param>
    /// <param name="leftCount">Number of left rows.</param>
    /// <param name="right">The first right row.</param>
    /// <param name="rightStride">Elements from a right row to the next.</param>
    /// <param name="rightCount">Number of right rows.</param>
    /// <param name="length">Elements of a row, a multiple of the vector length (pad with zeros).</param>
    /// <param name="sign">+1 or −1.</param>
    internal static void Accumulate(
        float** left, float** target, int leftCount, float* right, nint rightStride, int rightCount, int length, float sign)
    {
        var products = stackalloc float[LeftRows * RightRows];
        for (var begin = 0; begin < length; begin += Depth)
        {
            var depth = Math.Min(Depth, length - begin);
            for (var i = 0; i < leftCount; i += LeftRows)
            {
                // Past the end the first row of the group is repeated; its products are not stored.
                var rows = Math.Min(LeftRows, leftCount - i);
                var a0 = left[i] + begin;
                var a1 = left[i + (rows > 1 ? 1 : 0)] + begin;
                var a2 = left[i + (rows > 2 ? 2 : 0)] + begin;
                var a3 = left[i + (rows > 3 ? 3 : 0)] + begin;
                for (var j = 0; j < rightCount; j += RightRows)
                {
                    var columns = Math.Min(RightRows, rightCount - j);
                    var b0 = right + j * rightStride + begin;
                    var b1 = columns > 1 ? b0 + rightStride : b0;
                    var b2 = columns > 2 ? b1 + rightStride : b0;
                    Multiply(a0, a1, a2, a3, b0, b1, b2, depth, products);
                    for (var r = 0; r < rows; r++)
                    {
                        var to = target[i + r] + j;
                        for (var c = 0; c < columns; c++)
                            to[c] += sign * products[r * RightRows + c];
                    }
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Multiply(
        float* a0, float* a1, float* a2, float* a3, float* b0, float* b1, float* b2, int depth, float* products)
    {
        Vector<float> s00 = default, s01 = default, s02 = default, s10 = default, s11 = default, s12 = default;
        Vector<float> s20 = default, s21 = default, s22 = default, s30 = default, s31 = default, s32 = default;
        for (nint i = 0; i < depth; i += Vector<float>.Count)
        {
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
        products[0] = Vector.Sum(s00);
        products[1] = Vector.Sum(s01);
        products[2] = Vector.Sum(s02);
        products[3] = Vector.Sum(s10);
        products[4] = Vector.Sum(s11);
        products[5] = Vector.Sum(s12);
        products[6] = Vector.Sum(s20);
        products[7] = Vector.Sum(s21);
        products[8] = Vector.Sum(s22);
        products[9] = Vector.Sum(s30);
        products[10] = Vector.Sum(s31);
        products[11] = Vector.Sum(s32);
    }
}
