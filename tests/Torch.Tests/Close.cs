using static TorchSharp.torch;

namespace HieraVid.Torch.Tests;

/// <summary>Comparing tensors.</summary>
internal static class Close
{
    /// <summary>The largest absolute difference, relative to the larger tensor's largest magnitude.</summary>
    internal static double Error(Tensor a, Tensor b)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(a.shape, b.shape);
        var (x, y) = (a.to(float32).ToArray<float>(), b.to(float32).ToArray<float>());
        var (largest, worst) = (0.0, 0.0);
        for (var i = 0; i < x.Length; i++)
        {
            Assert.False(float.IsNaN(x[i]) || float.IsNaN(y[i]));
            largest = Math.Max(largest, Math.Max(Math.Abs(x[i]), Math.Abs(y[i])));
            worst = Math.Max(worst, Math.Abs(x[i] - y[i]));
        }
        return largest == 0 ? worst : worst / largest;
    }

    /// <summary>float32: other summation orders and exponentials. bfloat16: two roundings of 2^-9 each.</summary>
    internal static double Tolerance(ScalarType type) => type == ScalarType.Float32 ? 2e-6 : 2.0 / 256;
}
