using HieraVid.Pruning.Dpp;

namespace HieraVid.Pruning.Tests.Dpp;

public sealed class DppFixtureTests
{
    [Theory]
    [InlineData("dpp_long_548x512")]
    [InlineData("dpp_multi_240x96")]
    [InlineData("deg_dpp_rank_deficient")]
    [InlineData("deg_dpp_all_and_none")]
    [InlineData("tie_dpp_duplicates")]
    public void Golden_picks_order_and_gains_come_out(string name)
    {
        var fixture = new DppFixture(name);
        using var features = fixture.Features;
        foreach (var select in new[] { SegmentDpp.Select, (Selector)ReferenceDpp.Select })
        {
            var selections = select(features, fixture.Relevance(), fixture.Segments());
            Assert.Equal(fixture.Integers("h.selected"), selections.SelectMany(selection => selection.Order));
            if (!fixture.Has("h.gain"))
                continue;
            foreach (var (expected, gain) in fixture.Floats("h.gain").Zip(selections.SelectMany(selection => selection.Gain)))
                Assert.InRange(gain, expected - 1e-5f - 1e-3f * expected, expected + 1e-5f + 1e-3f * expected);
        }
    }

    private delegate IReadOnlyList<DppSelection> Selector(
        TorchSharp.torch.Tensor features, ReadOnlySpan<float> relevance, IReadOnlyList<DppSegment> segments);
}
