using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>What most methods do with rows of tokens.</summary>
internal static class Rows
{
    /// <summary>Float32 rows on the CPU, contiguous: what managed loops read.</summary>
    internal static Tensor Wide(Tensor rows) => rows.to(float32).cpu().contiguous();

    /// <summary>Some rows, in the order given.</summary>
    internal static Tensor Take(Tensor rows, IReadOnlyList<int> index) => rows.index_select(
        0, TensorData.From<long>([.. index.Select(row => (long)row)], index.Count).to(rows.device));

    /// <summary>x / ‖x‖ by row; NaN for a zero row.</summary>
    /// <param name="rows">[n, D] in float32.</param>
    internal static Tensor Unit(Tensor rows)
    {
        using var scope = NewDisposeScope();
        return (rows / (rows * rows).sum([-1], true).sqrt()).MoveToOuterDisposeScope();
    }

    /// <summary>One frame of [f, P, D].</summary>
    internal static Tensor Frame(Tensor tokens, int frame) => tokens.select(0, frame);

    /// <summary>The rows of 0..count−1 that are not marked, ascending.</summary>
    internal static int[] Others(IReadOnlyList<int> marked, int count)
    {
        var taken = new bool[count];
        foreach (var row in marked)
            taken[row] = true;
        return [.. Enumerable.Range(0, count).Where(row => !taken[row])];
    }

    /// <summary>The range from 0.</summary>
    internal static int[] Range(int count) => [.. Enumerable.Range(0, count)];
}
