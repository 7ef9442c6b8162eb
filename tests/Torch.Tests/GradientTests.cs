using HieraVid.Torch.Training;
using static TorchSharp.torch;

namespace HieraVid.Torch.Tests;

/// <summary>What training differentiates through, against the same functions composed of libtorch's plainest operations.</summary>
public sealed class GradientTests : IDisposable
{
    private readonly TorchSharp.DisposeScope _scope = NewDisposeScope();

    public GradientTests() => manual_seed(5);

    public void Dispose() => _scope.Dispose();

    // Values and gradients of f and of its reference for the same inputs, weighted so that no gradient is trivial.
    private static void Agree(Func<Tensor[], Tensor> f, Func<Tensor[], Tensor> reference, params Tensor[] inputs)
    {
        // Drawn once: other tests draw from the same generator meanwhile.
        Tensor? weights = null;
        (Tensor Value, Tensor[] Gradients) Run(Func<Tensor[], Tensor> function)
        {
            var leaves = inputs.Select(input => input.detach().clone().requires_grad_()).ToArray();
            var value = function(leaves);
            weights ??= randn(value.shape);
            (value * weights).sum().backward();
            return (value.detach(), [.. leaves.Select(leaf => leaf.grad!)]);
        }
        var (found, expected) = (Run(f), Run(reference));
        Assert.True((found.Value - expected.Value).abs().max().item<float>() < 1e-5);
        foreach (var (one, other) in found.Gradients.Zip(expected.Gradients))
            Assert.True((one - other).abs().max().item<float>() < 5e-5);
    }

    [Theory]
    [InlineData(5, 7)] // narrower than a vector
    [InlineData(70, 128)]
    public void Rms_norm(long rows, long width) => Agree(
        x => Activations.RmsNorm(x[0], x[1], 1e-6),
        x => x[0] * (x[0].pow(2).mean([-1], true) + 1e-6).rsqrt() * x[1],
        randn([rows, width]), randn([width]));

    [Theory]
    [InlineData(33)]
    [InlineData(4096)]
    public void Swiglu(long count) => Agree(
        x => Activations.SwiGlu(x[0], x[1]), x => x[0] * x[0].sigmoid() * x[1], randn([count]), randn([count]));

    [Theory]
    [InlineData(33)]
    [InlineData(4096)]
    public void Gelu_tanh(long count) => Agree(
        x => Activations.GeluTanh(x[0]),
        x => ((x[0] + x[0] * x[0] * x[0] * 0.044715) * Math.Sqrt(2 / Math.PI)).tanh().add(1) * x[0] * 0.5,
        randn([count]) * 2);

    [Fact]
    public void Rotation()
    {
        var angles = randn([9, 1, 4]);
        var (cos, sin) = (angles.cos(), angles.sin());
        Agree(
            x => Activations.Rotate(x[0], cos, sin),
            x => cat([
                x[0].narrow(2, 0, 4) * cos - x[0].narrow(2, 4, 4) * sin,
                x[0].narrow(2, 4, 4) * cos + x[0].narrow(2, 0, 4) * sin], 2),
            randn([9, 3, 8]));
    }

    [Theory]
    [InlineData(20)]
    [InlineData(300)] // more than one block of queries
    public void Attention_of_packed_sequences(int length)
    {
        // A shared prefix, two parts behind it, padding at the end: the second sequence has another prefix.
        var (prefix, start) = (new int[2 * length], new int[2 * length]);
        for (var s = 0; s < 2; s++)
        {
            var (first, second, padding) = (length / 3 + s, length / 2, length - 3);
            for (var i = first; i < length; i++)
            {
                prefix[s * length + i] = i < padding ? first : 0;
                start[s * length + i] = i < second ? first : i < padding ? second : i;
            }
        }
        var mask = new float[2 * length * length];
        for (var i = 0; i < 2 * length; i++)
            for (var j = 0; j < length; j++)
                mask[i * length + j] = j < prefix[i] || (j >= start[i] && j <= i % length) ? 0 : -1e30f;
        var hidden = TensorData.From<float>(mask, 2, 1, length, length);
        var like = zeros([1], ScalarType.Float32);
        using var attention = new PackedAttention(prefix, start, length, like);
        Agree(
            x => attention.Forward(x[0], x[1], x[2], 0.35),
            x => Products.Of(
                (Products.Of(x[0].transpose(1, 2), x[1].transpose(1, 2).transpose(2, 3)) * 0.35 + hidden).softmax(-1),
                x[2].transpose(1, 2)).transpose(1, 2),
            randn([2, length, 3, 8]), randn([2, length, 3, 8]), randn([2, length, 3, 8]));
    }

    [Fact]
    public void Attention_to_everything() => Agree(
        x => PackedAttention.OverAll(x[0], x[1], x[2], 0.35),
        x => Products.Of(
            (Products.Of(x[0].transpose(1, 2), x[1].transpose(1, 2).transpose(2, 3)) * 0.35).softmax(-1),
            x[2].transpose(1, 2)).transpose(1, 2),
        randn([2, 30, 2, 8]), randn([2, 30, 2, 8]), randn([2, 30, 2, 8]));

    [Fact]
    public void Bfloat16_gives_nearly_the_gradients_of_float32()
    {
        var input = randn([300, 2, 64]).to(bfloat16);
        Tensor Gradient(ScalarType type)
        {
            var x = input.to(type, CPU, copy: true).requires_grad_();
            var q = x.view(1, 300, 2, 64);
            using var attention = new PackedAttention(new int[300], new int[300], 300, x);
            attention.Forward(q, q, q, 0.125).to(float32).pow(2).sum().backward();
            return x.grad!.to(float32);
        }
        var (half, whole) = (Gradient(ScalarType.BFloat16), Gradient(ScalarType.Float32));
        Assert.True((half - whole).pow(2).sum().item<float>() < 1e-3 * whole.pow(2).sum().item<float>());
    }
}
