using HieraVid.Models.Qwen2Vl;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Tests.Qwen2Vl;

public sealed class VisionWindowsTests
{
    [Theory]
    [InlineData(8, 8, 4)]
    [InlineData(5, 9, 4)]
    [InlineData(3, 2, 4)]
    [InlineData(7, 6, 1)]
    public void Windows_share_out_the_patches_and_hold_squares(int rows, int columns, int side)
    {
        var windows = VisionWindows.Of(new FrameGrid(28 * columns, 28 * rows, rows, columns, 2), side, patchesPerToken: 4);
        Assert.Equal(Enumerable.Range(0, rows * columns * 4), windows.Sets.SelectMany(set => set).Order());
        foreach (var set in windows.Sets)
        {
            var tokens = set.Select(patch => patch / 4).Distinct().ToList();
            Assert.Equal(tokens.Count * 4, set.Count);
            Assert.Single(tokens.Select(token => (token / columns / side, token % columns / side)).Distinct());
        }
        Assert.Equal(((rows + side - 1) / side) * ((columns + side - 1) / side), windows.Sets.Count);
    }

    [Fact]
    public void Attention_within_windows_is_full_attention_with_the_others_masked()
    {
        using var scope = NewDisposeScope();
        manual_seed(4);
        var (steps, patches, heads, size) = (2L, 5 * 6 * 4L, 3L, 8L);
        var windows = VisionWindows.Of(new FrameGrid(0, 0, 5, 6, 2), side: 4, patchesPerToken: 4);
        Tensor Values() => randn([steps, patches, heads, size]);
        var (q, k, v) = (Values(), Values(), Values());
        var actual = windows.Within(q, k, v, (a, b, c) => Attend(a, b, c, null));
        var mask = new float[patches * patches];
        Array.Fill(mask, float.NegativeInfinity);
        foreach (var set in windows.Sets)
        {
            foreach (var i in set)
            {
                foreach (var j in set)
                    mask[i * patches + j] = 0;
            }
        }
        var expected = Attend(q, k, v, TensorData.From<float>(mask, patches, patches));
        Assert.InRange((actual - expected).abs().max().item<float>(), 0, 1e-5f);
    }

    private static Tensor Attend(Tensor q, Tensor k, Tensor v, Tensor? mask)
    {
        var scores = Products.Of(q.transpose(1, 2), k.transpose(1, 2).transpose(2, 3));
        return Products.Of((mask is null ? scores : scores + mask).softmax(-1), v.transpose(1, 2)).transpose(1, 2);
    }
}
