using static TorchSharp.torch;

namespace HieraVid.Torch.Tests;

public class BFloat16RowsTests
{
    [Theory]
    [InlineData(1, 1, 32)]
    [InlineData(7, 5, 64)]
    [InlineData(61, 30, 3584)]
    public void Products_are_those_of_the_widened_rows(int n, int m, int width)
    {
        using var scope = NewDisposeScope();
        manual_seed(n);
        var (x, y) = (randn([n, width], float32).to(bfloat16), randn([m, width], float32).to(bfloat16));
        if (!BFloat16Rows.Has(x))
            Assert.Skip("this processor, or this tensor library, has no product of bfloat16 rows");
        var expected = x.to(float64).matmul(y.to(float64).transpose(0, 1)).ToArray<double>();
        var found = BFloat16Rows.Products(x, null, y, null).ToArray<float>();
        var allowed = 2e-6 * width; // a few roundings of sums that stay below some √D
        Assert.All(expected.Zip(found), pair => Assert.InRange(pair.Second, pair.First - allowed, pair.First + allowed));
    }

    [Fact]
    public void A_product_is_the_same_bits_wherever_its_rows_stand()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        var x = randn([50, 256], float32).to(bfloat16);
        if (!BFloat16Rows.Has(x))
            Assert.Skip("this processor, or this tensor library, has no product of bfloat16 rows");
        int[] rows = [49, 3, 3, 17, 0, 31, 8];
        var all = BFloat16Rows.Products(x, null, x, null).ToArray<float>();
        var some = BFloat16Rows.Products(x, rows, x, rows).ToArray<float>();
        for (var i = 0; i < rows.Length; i++)
            for (var j = 0; j < rows.Length; j++)
                Assert.Equal(all[rows[i] * 50 + rows[j]], some[i * rows.Length + j]);
    }
}
