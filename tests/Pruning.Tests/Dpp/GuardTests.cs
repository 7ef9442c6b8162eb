using HieraVid.Pruning.Dpp;
using HieraVid.Torch;

namespace HieraVid.Pruning.Tests.Dpp;

public sealed class GuardTests
{
    private static DppSelection Select(RandomTokens tokens, int keep)
    {
        using var features = tokens.Tensor;
        return SegmentDpp.Select(features, tokens.Relevance, RandomTokens.Cut([(tokens.Count, keep)]))[0];
    }

    [Theory]
    [InlineData(200, 16), InlineData(500, 100), InlineData(90, 1)]
    public void Beyond_the_rank_the_most_relevant_fill_the_places(int count, int rank)
    {
        var tokens = RandomTokens.Make(1, count, rank);
        var selection = Select(tokens, count * 9 / 10);
        Assert.All(selection.Gain[..rank], gain => Assert.True(gain > 0));
        Assert.All(selection.Gain[rank..], gain => Assert.Equal(0, gain));
        var rest = Enumerable.Range(0, count).Except(selection.Order[..rank])
            .OrderByDescending(i => tokens.Relevance[i]).ThenBy(i => i).Take(selection.Order.Length - rank);
        Assert.Equal(rest, selection.Order[rank..]);
    }

    [Fact]
    public void Zero_vectors_come_last()
    {
        var tokens = RandomTokens.Make(2, 50, 80);
        foreach (var zero in new[] { 0, 13, 49 })
            tokens.Features.AsSpan(zero * 80, 80).Clear();
        tokens.Relevance[13] = 5;
        Assert.Equal([13], Select(tokens, 48).Order[47..]);
        var all = Select(tokens, 50);
        Assert.Equal([0, 0, 0], all.Gain[47..]);
        Assert.Equal(13, all.Order[47]);
    }

    [Fact]
    public void Nothing_but_zero_vectors_gives_the_most_relevant()
    {
        var tokens = new RandomTokens(new float[12], 3, [0.5f, 1, 0.25f, 1]);
        Assert.Equal([1, 3, 0], Select(tokens, 3).Order);
        Assert.Equal([0, 0, 0], Select(tokens, 3).Gain);
    }

    [Fact]
    public void Values_that_are_no_numbers_are_never_candidates()
    {
        var tokens = RandomTokens.Make(7, 30, 40);
        tokens.Features[5 * 40] = float.NaN;
        tokens.Features[6 * 40 + 3] = float.PositiveInfinity;
        tokens.Relevance[7] = float.NaN;
        var selection = Select(tokens, 30);
        Assert.All(selection.Gain[..27], gain => Assert.True(gain > 0));
        Assert.Equal(new[] { 5, 6 }.OrderByDescending(i => tokens.Relevance[i]).Append(7), selection.Order[27..]);
    }

    [Fact]
    public void Constant_attention_is_plain_diversity()
    {
        var tokens = RandomTokens.Make(8, 120, 700, spread: 0);
        Assert.All(tokens.Relevance, r => Assert.Equal(1, r));
        var selection = Select(tokens, 60);
        Assert.Equal(0, selection.Order[0]);
        Assert.Equal(tokens.Reference(RandomTokens.Cut([(120, 60)])[0]).Selection.Order, selection.Order);
    }

    [Fact]
    public void Zero_relevance_is_spent_from_the_start()
    {
        var tokens = RandomTokens.Make(9, 6, 10) with { Relevance = [0, 1, 0, 0.5f, 0, 0] };
        var selection = Select(tokens, 4);
        Assert.Equal([1, 3, 0, 2], selection.Order);
        Assert.Equal([0, 0], selection.Gain[2..]);
    }

    [Fact]
    public void Nothing_one_and_all_can_be_kept()
    {
        var tokens = RandomTokens.Make(10, 70, 90);
        Assert.Empty(Select(tokens, 0).Order);
        var all = Select(tokens, 70);
        Assert.Equal(Enumerable.Range(0, 70), all.Order.Order());
        Assert.Equal(tokens.Reference(RandomTokens.Cut([(70, 70)])[0]).Selection.Order, all.Order);
        Assert.All(all.Gain, gain => Assert.True(gain > 0));
        var single = new RandomTokens([3, 4], 2, [0.5f]);
        Assert.Equal([0], Select(single, 1).Order);
        Assert.Equal([0.25f], Select(single, 1).Gain);
    }

    [Fact]
    public void Features_without_dimensions_leave_the_relevance()
    {
        using var features = TensorData.From<float>([], 3, 0);
        Assert.Equal([2, 0], SegmentDpp.Select(features, [1, 0, 3], [new([0, 1, 2], 2)])[0].Order);
    }
}
