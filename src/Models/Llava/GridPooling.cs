using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Llava;

/// <summary>2D pooling of a frame's grid with stride 2 (models.md, section 4).</summary>
public static class GridPooling
{
    /// <summary>The side of the pooled grid: 14 for bilinear, 13 otherwise, from 27.</summary>
    public static int PooledSize(int grid, PoolMode mode) => mode == PoolMode.Bilinear ? (grid + 1) / 2 : grid / 2;

    /// <summary>Pools in float32, rounds once to x's type.</summary>
    /// <param name="x">[F, grid·grid, width], row-major grid.</param>
    /// <param name="grid">The side of the grid.</param>
    /// <param name="mode">How.</param>
    /// <returns>[F, pooled·pooled, width].</returns>
    public static Tensor Forward(Tensor x, int grid, PoolMode mode)
    {
        using var scope = NewDisposeScope();
        var (frames, width) = (x.shape[0], x.shape[2]);
        var cells = x.to(float32).reshape(frames, grid, grid, width);
        var rows = Along(cells, 1, grid, mode);
        var pooled = Along(rows, 2, grid, mode);
        return pooled.reshape(frames, -1, width).to(x.dtype).MoveToOuterDisposeScope();
    }

    // Every mode is separable: one axis, then the other.
    private static Tensor Along(Tensor x, int dim, int grid, PoolMode mode)
    {
        using var scope = NewDisposeScope();
        var (first, second, weight) = Taps(grid, mode);
        Tensor Take(long[] index) => x.index_select(dim, TensorData.From<long>(index, index.Length).to(x.device));
        var (a, b) = (Take(first), Take(second));
        if (mode == PoolMode.Max)
            return a.maximum(b).MoveToOuterDisposeScope();
        var share = TensorData.From<float>(weight, weight.Length).to(x.device).view(dim == 1 ? [-1, 1, 1] : [-1, 1]);
        return (a + (b - a) * share).MoveToOuterDisposeScope();
    }

    // Output i mixes inputs first[i] and second[i], the second with the given weight.
    private static (long[] First, long[] Second, float[] Weight) Taps(int grid, PoolMode mode)
    {
        var size = PooledSize(grid, mode);
        var (first, second, weight) = (new long[size], new long[size], new float[size]);
        for (var i = 0; i < size; i++)
        {
            if (mode != PoolMode.Bilinear)
            {
                (first[i], second[i], weight[i]) = (2 * i, 2 * i + 1, 0.5f);
                continue;
            }
            // Half-pixel centres, corners not aligned, no antialias.
            var source = Math.Max((i + 0.5f) * ((float)grid / size) - 0.5f, 0f);
            first[i] = (long)source;
            second[i] = Math.Min(first[i] + 1, grid - 1);
            weight[i] = source - first[i];
        }
        return (first, second, weight);
    }
}
