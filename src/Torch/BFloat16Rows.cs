using static TorchSharp.torch;

namespace HieraVid.Torch;

/// <summary>
/// Products of bfloat16 rows summed in float32, on processors that have an instruction for it. Each is as exact as that of the
/// widened rows, and summed in an order of its own, whatever its place and the number of threads.
/// </summary>
public static class BFloat16Rows
{
    /// <summary>Whether <see cref="Products"/> takes these rows here: contiguous bfloat16 on a CPU with AVX512-BF16, 32 · k wide.</summary>
    /// <param name="rows">[n, D].</param>
#if TORCHSHARP
    public static bool Has(Tensor rows) => false;
#else
    public static bool Has(Tensor rows) => rows.is_contiguous() && Kernels.HasRowProducts(rows);
#endif

    /// <summary>Some rows times some rows.</summary>
    /// <param name="x">[N, D].</param>
    /// <param name="xRows">Which of x, n; all where null.</param>
    /// <param name="y">[M, D].</param>
    /// <param name="yRows">Which of y, m; all where null.</param>
    /// <returns>[n, m] in float32, owned by the caller's dispose scope.</returns>
    public static Tensor Products(Tensor x, IReadOnlyList<int>? xRows, Tensor y, IReadOnlyList<int>? yRows)
    {
#if TORCHSHARP
        throw new NotSupportedException("TorchSharp has no such product.");
#else
        using var scope = NewDisposeScope();
        return Kernels.RowProducts(x, Index(xRows), y, Index(yRows)).MoveToOuterDisposeScope();

        static Tensor? Index(IReadOnlyList<int>? rows) =>
            rows is null ? null : TensorData.From<long>([.. rows.Select(row => (long)row)], rows.Count);
#endif
    }
}
