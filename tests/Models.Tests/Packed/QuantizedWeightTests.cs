using HieraVid.Models.Packed;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Tests.Packed;

public sealed class QuantizedWeightTests
{
    [Theory]
    [InlineData(8, 6, 256)]
    [InlineData(4, 6, 256)]
    [InlineData(8, 5, 896)]
    [InlineData(4, 5, 90)]
    public void No_value_is_further_off_than_half_a_step_of_its_group(int bits, int outputs, int inputs)
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        var weight = randn([outputs, inputs]);
        weight.select(0, 1).mul_(0);
        var rounded = QuantizedWeight.Of(weight, bits, Compute.Reference);
        var (back, values, scales) = (rounded.Rows(0, outputs).ToArray<float>(), weight.ToArray<float>(), rounded.Scales.ToArray<float>());
        var group = inputs / (int)rounded.Scales.shape[1];
        for (var i = 0; i < values.Length; i++)
        {
            // The scale itself is rounded, which may cost the greatest value of a group another 0.4 % of it.
            var step = scales[i / group];
            Assert.InRange(Math.Abs(back[i] - values[i]), 0, step / 2 + Math.Abs(values[i]) * 0.004f + 1e-7f);
        }
        Assert.Equal(outputs * inputs * bits / 8, rounded.Codes.NumberOfElements);
        rounded.Codes.Dispose();
        rounded.Scales.Dispose();
    }

    [Theory]
    [InlineData(8, 0.01)]
    [InlineData(4, 0.15)]
    public void The_product_is_that_of_the_rounded_matrix_and_near_that_of_the_exact_one(int bits, double tolerance)
    {
        using var scope = NewDisposeScope();
        manual_seed(6);
        var (weight, bias, x) = (randn([64, 256]), randn([64]), randn([2, 3, 256]));
        var rounded = QuantizedWeight.Of(weight, bits, Compute.Reference);
        var actual = new Linear(null, bias) { Quantized = rounded }.Forward(x);
        var same = nn.functional.linear(x, rounded.Rows(0, 64), bias);
        Assert.InRange((actual - same).abs().max().item<float>(), 0, 1e-4f);
        var exact = nn.functional.linear(x, weight, bias);
        Assert.InRange(Math.Sqrt((actual - exact).pow(2).sum().item<float>() / exact.pow(2).sum().item<float>()), 0, tolerance);
        rounded.Codes.Dispose();
        rounded.Scales.Dispose();
    }
}
