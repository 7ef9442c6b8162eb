using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>
/// A float64 sum with its rounding errors carried along, so that it does not depend on the order or grouping of its
/// terms: High is the exact sum rounded once, as long as the exponents of float32 terms span less than about 80 bits.
/// </summary>
/// <param name="High">[n, D] float64.</param>
/// <param name="Low">[n, D] float64, the exact sum less High.</param>
public sealed record OrderFreeSum(Tensor High, Tensor Low) : IDisposable
{
    /// <summary>Adds to the leading rows.</summary>
    /// <param name="terms">[m, D], m ≤ n; any float type.</param>
    internal void AddRows(Tensor terms)
    {
        using var scope = NewDisposeScope();
        var (high, low) = (High.narrow(0, 0, terms.shape[0]), Low.narrow(0, 0, terms.shape[0]));
        var (sum, error) = TwoSum(high, terms.to(float64));
        error.add_(low);
        Renormalise(sum, error, high, low);
    }

    /// <summary>The sum of two sums, row by row.</summary>
    internal static OrderFreeSum Add(OrderFreeSum x, OrderFreeSum y)
    {
        using var scope = NewDisposeScope();
        var (sum, error) = TwoSum(x.High, y.High);
        error.add_(x.Low + y.Low);
        var (high, low) = (empty(sum.shape, float64, sum.device), empty(sum.shape, float64, sum.device));
        Renormalise(sum, error, high, low);
        return new OrderFreeSum(high.MoveToOuterDisposeScope(), low.MoveToOuterDisposeScope());
    }

    /// <summary>Some rows.</summary>
    internal OrderFreeSum Rows(Tensor index) => new(High.index_select(0, index), Low.index_select(0, index));

    /// <summary>Rows of both.</summary>
    internal static OrderFreeSum Concatenate(OrderFreeSum x, OrderFreeSum y) =>
        new(cat([x.High, y.High], 0), cat([x.Low, y.Low], 0));

    /// <summary>Hands both tensors to the dispose scope around the current one.</summary>
    internal OrderFreeSum MoveToOuterDisposeScope()
    {
        High.MoveToOuterDisposeScope();
        Low.MoveToOuterDisposeScope();
        return this;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        High.Dispose();
        Low.Dispose();
    }

    // Knuth's error-free transformation: a + b = sum + error exactly.
    private static (Tensor Sum, Tensor Error) TwoSum(Tensor a, Tensor b)
    {
        var sum = a + b;
        var virtualB = sum - a;
        return (sum, a - (sum - virtualB) + (b - virtualB));
    }

    private static void Renormalise(Tensor sum, Tensor error, Tensor high, Tensor low)
    {
        var rounded = sum + error;
        low.copy_(error - (rounded - sum));
        high.copy_(rounded);
    }
}
