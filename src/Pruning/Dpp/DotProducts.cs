using System.Runtime.CompilerServices;

namespace HieraVid.Pruning.Dpp;

/// <summary>
/// Blocks of dot products between rows. Every product is summed in one fixed order, whatever its place in the block, so that
/// results depend neither on the number of threads nor on how the work was cut, and equal rows give equal bits. A library's
/// matrix product promises neither.
/// </summary>
internal static unsafe class DotProducts
{
    // Elements of a row taken at once. Long, because adding up a register at the end of a pass costs as much as 8 products:
    // passes of 1,024 reach 89 GFLOP/s where whole rows of 3,584 reach 105. Of 25 left rows it is 410 KB, which stay in a
    // core's L2 cache while the right rows pass by once.
    private const int Depth = 4096;

    /// <summary>target[i][j] = left[i] · right[j].</summary>
    /// <param name="left">The first left row.</param>
    /// <param name="leftStride">Elements from a left row to the next.</param>
    /// <param name="leftCount">Number of left rows.</param>
    /// <param name="right">The first right row.</param>
    /// <param name="rightStride">Elements from a right row to the next.</param>
    /// <param name="rightCount">Number of right rows.</param>
    /// <param name="length">Elements of a row, whole vectors of 16 (pad with zeros).</param>
    /// <param name="target">One pointer per left row, to <paramref name="rightCount"/> values.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply(
        float* left, nint leftStride, int leftCount, float* right, nint rightStride, int rightCount, int length, float** target)
    {
        int leftRows = DotKernels.LeftRows, rightRows = DotKernels.RightRows;
        var products = stackalloc float[DotKernels.ProductsRoom];
        var a = stackalloc float*[leftRows];
        var b = stackalloc float*[rightRows];
        for (var i = 0; i < leftCount; i++)
            new Span<float>(target[i], rightCount).Clear();
        for (var begin = 0; begin < length; begin += Depth)
        {
            var depth = Math.Min(Depth, length - begin);
            for (var j = 0; j < rightCount; j += rightRows)
            {
                // Past the end the last row is repeated; its products are not stored.
                for (var c = 0; c < rightRows; c++)
                    b[c] = right + Math.Min(j + c, rightCount - 1) * rightStride + begin;
                var columns = Math.Min(rightRows, rightCount - j);
                for (var i = 0; i < leftCount; i += leftRows)
                {
                    for (var r = 0; r < leftRows; r++)
                        a[r] = left + Math.Min(i + r, leftCount - 1) * leftStride + begin;
                    // Each group of left rows fetches one right row of the next group; past the last one it does no harm.
                    var soon = b[0] + (rightRows + i / leftRows % rightRows) * rightStride;
                    DotKernels.Multiply(a, b, depth, soon, products);
                    var rows = Math.Min(leftRows, leftCount - i);
                    for (var r = 0; r < rows; r++)
                    {
                        var to = target[i + r] + j;
                        for (var c = 0; c < columns; c++)
                            to[c] += products[r * rightRows + c];
                    }
                }
            }
        }
    }
}
