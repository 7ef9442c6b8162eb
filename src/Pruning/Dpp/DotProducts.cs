namespace HieraVid.Pruning.Dpp;

/// <summary>
/// Blocks of dot products between rows that lie contiguously in memory. Every product is summed in one fixed order, whatever
/// its place in the block, so that results depend neither on the number of threads nor on how the work was cut, and equal
/// rows give equal bits. A library's matrix product promises neither.
/// </summary>
internal static unsafe class DotProducts
{
    // Elements of a row taken at once. Long, because adding up a register at the end of a pass costs as much as 8 products:
    // passes of 1,024 reach 89 GFLOP/s where whole rows of 3,584 reach 105.
    private const int Depth = 4096;

    /// <summary>target[i][j] += sign · left[i] · right[j].</summary>
    /// <param name="left">Pointers to the left rows.</param>
    /// <param name="target">One pointer per left row, to <paramref name="rightCount"/> values.</param>
    /// <param name="leftCount">Number of left rows.</param>
    /// <param name="right">The first right row.</param>
    /// <param name="rightStride">Elements from a right row to the next.</param>
    /// <param name="rightCount">Number of right rows.</param>
    /// <param name="length">Elements of a row, whole vectors of 16 (pad with zeros).</param>
    /// <param name="sign">+1 or −1.</param>
    internal static void Accumulate(
        float** left, float** target, int leftCount, float* right, nint rightStride, int rightCount, int length, float sign)
    {
        int leftRows = DotKernels.LeftRows, rightRows = DotKernels.RightRows;
        var products = stackalloc float[leftRows * rightRows];
        var a = stackalloc float*[leftRows];
        var b = stackalloc float*[rightRows];
        for (var begin = 0; begin < length; begin += Depth)
        {
            var depth = Math.Min(Depth, length - begin);
            for (var i = 0; i < leftCount; i += leftRows)
            {
                // Past the end the last row is repeated; its products are not stored.
                for (var r = 0; r < leftRows; r++)
                    a[r] = left[Math.Min(i + r, leftCount - 1)] + begin;
                var rows = Math.Min(leftRows, leftCount - i);
                for (var j = 0; j < rightCount; j += rightRows)
                {
                    for (var c = 0; c < rightRows; c++)
                        b[c] = right + Math.Min(j + c, rightCount - 1) * rightStride + begin;
                    DotKernels.Multiply(a, b, depth, products);
                    var columns = Math.Min(rightRows, rightCount - j);
                    for (var r = 0; r < rows; r++)
                        for (var c = 0; c < columns; c++)
                            target[i + r][j + c] += sign * products[r * rightRows + c];
                }
            }
        }
    }
}
