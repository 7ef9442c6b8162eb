using static TorchSharp.torch;

namespace HieraVid.Pruning.Tests.Methods;

/// <summary>The two ways to FastVID's products: of bfloat16 rows as they are, and of float32 rows.</summary>
public class FastVidTypeTests
{
    [Theory]
    [InlineData(FastVidVariant.OneVision)]
    [InlineData(FastVidVariant.LlavaVideo)]
    public void Bfloat16_tokens_merge_like_the_same_values_in_float32(FastVidVariant variant)
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        var options = new FastVidOptions { Variant = variant };
        var tokens = (randn([1, 40, 96], float32) + randn([6, 40, 96], float32) * 0.3).to(bfloat16);
        var attention = Enumerable.Range(0, 240).Select(i => (float)(i * 37 % 240)).ToArray();
        var counts = FastVidCounts.Of(6, 40, 0.3, options);

        var narrow = SegmentMerge.Of(tokens, attention, counts, options);
        var wide = SegmentMerge.Of(tokens.to(float32), attention, counts, options);

        Assert.Equal(wide.Anchors.Select(anchor => string.Join(' ', anchor.Positions)), narrow.Anchors.Select(anchor => string.Join(' ', anchor.Positions)));
        Assert.Equal(wide.Assigned.SelectMany(row => row), narrow.Assigned.SelectMany(row => row));
        Assert.Equal(wide.Sizes, narrow.Sizes);
        Assert.True((wide.Values - narrow.Values).abs().max().item<float>() < 1e-5);
    }
}
