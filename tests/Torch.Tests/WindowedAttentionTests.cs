using static TorchSharp.torch;

namespace HieraVid.Torch.Tests;

/// <summary>Attention in an "A shape", against a full matrix with a mask; blocks begin and end everywhere in it.</summary>
public sealed class WindowedAttentionTests
{
    [Theory]
    [InlineData(700, 8, 100)]
    [InlineData(700, 300, 5)]
    [InlineData(512, 0, 256)]
    [InlineData(257, 1, 1)]
    [InlineData(300, 0, 300)]
    [InlineData(20, 30, 4)]
    public void It_equals_full_attention_with_a_mask(int tokens, int initial, int local)
    {
        using var scope = NewDisposeScope();
        manual_seed(tokens);
        var (q, k, v) = (randn([1, 4, tokens, 8]), randn([1, 2, tokens, 8]), randn([1, 2, tokens, 8]));
        var mask = new float[tokens * tokens];
        for (var t = 0; t < tokens; t++)
        {
            for (var s = 0; s < tokens; s++)
                mask[t * tokens + s] = s <= t && (t - s < local || s < initial) ? 0 : float.NegativeInfinity;
        }
        var repeated = new[] { k, v }.Select(x => x.unsqueeze(2).expand(1, 2, 2, tokens, 8).reshape(1, 4, tokens, 8)).ToArray();
        var scores = Products.Of(q, repeated[0].transpose(2, 3)) * 0.5 + TensorData.From<float>(mask, tokens, tokens);
        var expected = Products.Of(scores.softmax(-1), repeated[1]);
        var actual = WindowedAttention.Forward(q, k, v, initial, local, 0.5);
        Assert.InRange((expected - actual).abs().max().item<float>(), 0, 1e-5f);
    }
}
