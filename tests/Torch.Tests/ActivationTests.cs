using static TorchSharp.torch;

namespace HieraVid.Torch.Tests;

/// <summary>Every one-pass kernel against the composition that defines it, at widths that fill no whole vector.</summary>
public class ActivationTests
{
    public static TheoryData<bool, int, int> Cases
    {
        get
        {
            var cases = new TheoryData<bool, int, int>();
            foreach (var wide in new[] { true, false })
                foreach (var (rows, width) in new[] { (1, 1), (3, 7), (5, 64), (2, 130), (40, 896) })
                    cases.Add(wide, rows, width);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void RmsNorm(bool wide, int rows, int width)
    {
        using var scope = NewDisposeScope();
        var (x, w) = (Random(wide, rows, width), Random(wide, width));
        var f = x.to(float32);
        var expected = (f * ((f * f).mean([-1L], true) + 1e-6).rsqrt()).to(x.dtype) * w;
        Check(expected, Activations.RmsNorm(x, w, 1e-6));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void SwiGlu(bool wide, int rows, int width)
    {
        using var scope = NewDisposeScope();
        var (gate, up) = (Random(wide, rows, width) * 4, Random(wide, rows, width));
        var g = gate.to(float32);
        Check((g * g.sigmoid() * up.to(float32)).to(gate.dtype), Activations.SwiGlu(gate, up));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void GeluTanh(bool wide, int rows, int width)
    {
        using var scope = NewDisposeScope();
        var x = Random(wide, rows, width) * 4;
        var f = x.to(float64); // in float32 1 + tanh loses its digits where it is small
        var inner = (f * f * f * 0.044715 + f) * Math.Sqrt(2 / Math.PI);
        Check(((inner.tanh() + 1.0) * f * 0.5).to(x.dtype), Activations.GeluTanh(x));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Rotate(bool wide, int rows, int width)
    {
        using var scope = NewDisposeScope();
        var x = Random(wide, rows, 3, 2 * width);
        var angles = randn([rows, 1, width]) * 3;
        var (cos, sin, f) = (angles.cos(), angles.sin(), x.to(float32));
        var (a, b) = (f.narrow(2, 0, width), f.narrow(2, width, width));
        Check(cat([a * cos - b * sin, b * cos + a * sin], 2).to(x.dtype), Activations.Rotate(x, cos, sin));
    }

    [Fact]
    public void Extremes_stay_finite()
    {
        using var scope = NewDisposeScope();
        var x = TensorData.From<float>([-1e30f, -200, -88, 0, 88, 200, 1e9f], 7);
        var ones = torch_ones(7);
        Assert.Equal([0f, 0f, 0f, 0f, 88f, 200f, 1e9f], Rounded(Activations.SwiGlu(x, ones)));
        Assert.Equal([0f, 0f, 0f, 0f, 88f, 200f, 1e9f], Rounded(Activations.GeluTanh(x)));

        static Tensor torch_ones(long n) => full([n], 1, float32);
        static float[] Rounded(Tensor t) => Array.ConvertAll(t.ToArray<float>(), v => Math.Abs(v) < 1e-6f ? 0 : v);
    }

    [Theory]
    [InlineData(1, 896, 4864)]
    [InlineData(4, 33, 7)]
    [InlineData(5, 33, 7)]
    public void Products_of_few_rows_equal_those_in_float32(int rows, int inputs, int outputs)
    {
        using var scope = NewDisposeScope();
        var (x, w, b) = (Random(false, rows, inputs), Random(false, outputs, inputs), Random(false, outputs));
        var expected = x.to(float32).mm(w.to(float32).transpose(0, 1)) + b.to(float32);
        Check(expected.to(x.dtype), nn.functional.linear(x, w, b));
    }

    private static Tensor Random(bool wide, params long[] shape)
    {
        manual_seed(shape.Sum());
        return randn(shape).to(wide ? ScalarType.Float32 : ScalarType.BFloat16);
    }

    private static void Check(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.dtype, actual.dtype);
        var error = Close.Error(expected, actual);
        Assert.True(error < Close.Tolerance(expected.dtype), $"{expected.dtype} [{string.Join(", ", expected.shape)}]: {error}");
    }
}
