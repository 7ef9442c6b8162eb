using System.Runtime.InteropServices;
using HieraVid.Pruning.Dpp;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>Products of all rows of two matrices, to be read by managed code.</summary>
internal static unsafe class RowProducts
{
    // Left rows of a block, so many that they stay in a core's cache; see DotProducts.
    private const int Block = 25;
    private const int VectorFloats = 16;

    /// <summary>Some rows of x times all of y, [n·m].</summary>
    /// <param name="x">[N, D] in float32 or bfloat16; products are summed in float32.</param>
    /// <param name="rows">Which, n of them.</param>
    /// <param name="y">[m, D] in the same type, on the same device.</param>
    internal static float[] Of(Tensor x, IReadOnlyList<int> rows, Tensor y)
    {
        using var scope = NewDisposeScope();
        return Of(Rows.Take(x, rows), y);
    }

    /// <summary>Some rows times themselves, [n·n].</summary>
    /// <param name="x">[N, D] in float32 or bfloat16; products are summed in float32.</param>
    /// <param name="rows">Which, n of them.</param>
    internal static float[] Of(Tensor x, IReadOnlyList<int> rows)
    {
        using var scope = NewDisposeScope();
        var own = Rows.Take(x, rows);
        return Of(own, own);
    }

    // On the CPU no library's product is asked, whose two threads take longer here than DotProducts for matrices of some hundred
    // rows.
    private static float[] Of(Tensor x, Tensor y)
    {
        (x, y) = (x.to(float32), y.to(float32));
        var width = (int)x.shape[1];
        if (x.device.type != TorchSharp.DeviceType.CPU || width % VectorFloats != 0)
            return x.mm(y.transpose(0, 1)).ToArray<float>();
        var (left, right) = (Rows.Wide(x), Rows.Wide(y));
        var (n, m) = ((int)left.shape[0], (int)right.shape[0]);
        var products = new float[(long)n * m];
        Workers.For((n + Block - 1) / Block, Math.Max(1, get_num_threads()), (double)n * m * width, block =>
        {
            var (first, count) = (block * Block, Math.Min(Block, n - (block * Block)));
            fixed (float* a = MemoryMarshal.Cast<byte, float>(left.bytes), b = MemoryMarshal.Cast<byte, float>(right.bytes), to = products)
            {
                var rows = stackalloc float*[Block];
                for (var i = 0; i < count; i++)
                    rows[i] = to + (long)(first + i) * m;
                DotProducts.Multiply(a + (long)first * width, width, count, b, width, m, width, rows);
            }
        });
        return products;
    }
}
