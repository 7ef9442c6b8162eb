using HieraVid.Models.Configuration;
using HieraVid.Models.Llava;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Tests.Llava;

public sealed class VideoTokensTests
{
    [Theory]
    [InlineData(27, PoolMode.Bilinear, 14)]
    [InlineData(27, PoolMode.Average, 13)]
    [InlineData(27, PoolMode.Max, 13)]
    [InlineData(8, PoolMode.Bilinear, 4)]
    public void Pooling_halves_the_grid(int grid, PoolMode mode, int side)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(side, GridPooling.PooledSize(grid, mode));
        Assert.Equal([2, side * side, 3], GridPooling.Forward(randn([2, grid * grid, 3]), grid, mode).shape);
    }

    [Theory]
    [InlineData(PoolMode.Bilinear)]
    [InlineData(PoolMode.Average)]
    [InlineData(PoolMode.Max)]
    public void Pooling_a_constant_frame_gives_the_constant(PoolMode mode)
    {
        using var scope = NewDisposeScope();
        Assert.All(GridPooling.Forward(full([1, 27 * 27, 2], 3.5), 27, mode).ToArray<float>(), value => Assert.Equal(3.5f, value));
    }

    [Fact]
    public void Average_and_max_look_at_two_by_two_cells()
    {
        using var scope = NewDisposeScope();
        var x = TensorData.From<float>([1, 2, 9, 3, 4, 9, 9, 9, 9], 1, 9, 1);
        Assert.Equal([2.5f], GridPooling.Forward(x, 3, PoolMode.Average).ToArray<float>());
        Assert.Equal([4f], GridPooling.Forward(x, 3, PoolMode.Max).ToArray<float>());
    }

    [Theory]
    [InlineData(NewlinePosition.OneToken, new long[] { 12 })]
    [InlineData(NewlinePosition.Frame, new long[] { 4, 9, 14 })]
    [InlineData(NewlinePosition.Grid, new long[] { 2, 5, 8, 11, 14, 17 })]
    [InlineData(NewlinePosition.NoToken, new long[] { })]
    public void Newlines_stand_where_the_mode_says_and_the_rest_keeps_its_order(NewlinePosition position, long[] expected)
    {
        using var scope = NewDisposeScope();
        // Three frames of 2 x 2 tokens numbered 0..11; the newline is -1.
        var tokens = arange(0, 12, 1, ScalarType.Float32).view(12, 1);
        var layout = VideoLayout.Of(3, 2, 2, position);
        var video = VideoSequence.Build(tokens, [.. Enumerable.Range(0, 12)], TensorData.From<float>([-1], 1), layout);
        var values = video.Tokens.ToArray<float>();
        Assert.Equal(expected, layout.Newlines.Select(i => (long)i));
        Assert.All(expected, index => Assert.Equal(-1, values[index]));
        Assert.Equal(Enumerable.Range(0, 12).Select(i => (float)i), values.Where(value => value >= 0));
    }

    [Fact]
    public void A_pruned_sequence_keeps_every_newline_and_the_original_indices()
    {
        using var scope = NewDisposeScope();
        var layout = VideoLayout.Of(2, 2, 2, NewlinePosition.Frame);
        var visual = TensorData.From<float>([10, 16, 17], 3, 1);
        var video = VideoSequence.Build(visual, [0, 6, 7], TensorData.From<float>([-1], 1), layout);
        Assert.Equal([10f, -1, 16, 17, -1], video.Tokens.ToArray<float>());
        Assert.Equal([0, 4, 7, 8, 9], video.Indices);
        Assert.Equal([0, 2, 3], video.VisualRows);
    }
}
