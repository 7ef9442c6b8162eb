using HieraVid.Torch.Rows;
using static TorchSharp.torch;

namespace HieraVid.Torch;

/// <summary>Matrix products of weights.</summary>
public static class Products
{
    private const long FewRows = 4;

    /// <summary>
    /// x·Wᵀ + b. Up to four bfloat16 rows on a CPU, the step of a decode loop, are multiplied by loops of our own, which read the
    /// weights once at memory's speed: libtorch repacks the whole matrix on each call, twenty times the work of one row.
    /// </summary>
    /// <param name="x">[…, inputs].</param>
    /// <param name="weight">[outputs, inputs].</param>
    /// <param name="bias">[outputs], or null.</param>
    /// <returns>[…, outputs].</returns>
    public static Tensor Linear(Tensor x, Tensor weight, Tensor? bias = null) =>
        IsFewRows(x, weight) ? OnePass.Linear(x, weight, bias) : nn.functional.linear(x, weight, bias);

    /// <summary>
    /// The products of two stacks of matrices. In place of <c>matmul</c>, which in TorchSharp 0.107 ends the process where
    /// shapes do not fit: nothing catches its error on the native side.
    /// </summary>
    /// <param name="left">[…, n, k].</param>
    /// <param name="right">[…, k, m], the leading dimensions as left's.</param>
    /// <returns>[…, n, m].</returns>
    public static Tensor Of(Tensor left, Tensor right)
    {
        var (a, b) = (left.shape, right.shape);
        if (a.Length < 3)
            return left.mm(right);
        using var scope = NewDisposeScope();
        return left.reshape(-1, a[^2], a[^1]).bmm(right.reshape(-1, b[^2], b[^1])).view([.. a[..^1], b[^1]]).MoveToOuterDisposeScope();
    }

    private static bool IsFewRows(Tensor x, Tensor weight) =>
        x.dtype == ScalarType.BFloat16 && weight.dtype == ScalarType.BFloat16 && OnePass.Takes(x) && OnePass.Takes(weight)
        && weight.dim() == 2 && x.dim() >= 1 && x.size(-1) == weight.size(1) && x.numel() > 0
        && x.numel() / x.size(-1) <= FewRows && weight.is_contiguous();
}
