using HieraVid.Pruning.Dpp;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning.Tests.Dpp;

public sealed class SegmentDppTests
{
    // Two float32 computations of d² differ by about 6e-8·√k of the largest relevance²: 1e-6 after 300 picks.
    private const float Clear = 4e-6f;

    private static readonly DppSegment[] Nothing = [];

    public static TheoryData<int, int, int, double, double> Inputs()
    {
        var data = new TheoryData<int, int, int, double, double>();
        for (var seed = 0; seed < 6; seed++)
        {
            data.Add(seed, 40 + 37 * seed, 64, 10, 1);
            data.Add(seed, 300, 130 + seed, 0.5, 0.3);
            data.Add(seed, 150 + seed, 511, 0.2, 2);
            data.Add(seed, 333, 96, 3, 0);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Inputs))]
    public void Picks_and_order_are_the_reference_s(int seed, int count, int dimension, double noise, double spread)
    {
        var tokens = RandomTokens.Make(seed, count, dimension, noise, spread);
        using var features = tokens.Tensor;
        var clear = 0;
        foreach (var keep in new[] { 1, count / 10, count * 7 / 10 })
        {
            var segment = new DppSegment([.. Enumerable.Range(0, count)], keep);
            var (expected, margin) = tokens.Reference(segment);
            var actual = SegmentDpp.Select(features, tokens.Relevance, [segment])[0];
            clear = Math.Max(clear, ClearDecisions(expected, margin, actual));
        }
        Assert.True(clear >= count / 10, $"only {clear} decisions are clear");
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public void Whole_orders_are_the_reference_s_where_every_decision_is_clear(int seed)
    {
        // Steps of 1/512 between relevances, and few directions in common: every decision is far from the next best.
        var tokens = RandomTokens.Make(seed, 200, 4096, noise: 100);
        var relevance = Enumerable.Range(0, 200).Select(i => 1 - (i * 73 % 200 + 1) / 512f).ToArray();
        tokens = tokens with { Relevance = relevance };
        using var features = tokens.Tensor;
        var segment = new DppSegment([.. Enumerable.Range(0, 200)], 150);
        var (expected, margin) = tokens.Reference(segment);
        Assert.True(margin.Min() > Clear, $"seed {seed} has a margin of {margin.Min()}");
        Assert.Equal(expected.Order, SegmentDpp.Select(features, relevance, [segment])[0].Order);
    }

    [Fact]
    public void Segments_do_not_see_each_other_and_interleave_freely()
    {
        var tokens = RandomTokens.Make(5, 400, 100, noise: 1);
        using var features = tokens.Tensor;
        var odd = Enumerable.Range(0, 200).Select(i => 2 * i + 1).ToArray();
        List<DppSegment> segments = [new(odd, 70), new([0, 2, 10], 3), new([.. Enumerable.Range(100, 250)], 40), new([7], 1), new([], 0)];
        var together = SegmentDpp.Select(features, tokens.Relevance, segments);
        for (var s = 0; s < segments.Count; s++)
        {
            var alone = SegmentDpp.Select(features, tokens.Relevance, [segments[s]])[0];
            Assert.Equal(alone.Order, together[s].Order);
            Assert.Equal(alone.Gain, together[s].Gain);
            Assert.All(alone.Order, pick => Assert.Contains(pick, segments[s].Members));
        }
    }

    [Fact]
    public void Threads_and_repetition_change_no_bit()
    {
        var tokens = RandomTokens.Make(11, 1500, 1100, noise: 0.4, spread: 0.5);
        using var features = tokens.Tensor;
        // The first one is large enough to be shared among the threads.
        List<DppSegment> segments = [new([.. Enumerable.Range(0, 1500)], 1400), .. RandomTokens.Cut([(300, 200), (5, 2), (700, 30)])];
        var before = get_num_threads();
        try
        {
            var results = new[] { 1, 2, 5, 5 }.Select(threads =>
            {
                set_num_threads(threads);
                return SegmentDpp.Select(features, tokens.Relevance, segments);
            }).ToList();
            foreach (var result in results.Skip(1))
            {
                for (var s = 0; s < segments.Count; s++)
                {
                    Assert.Equal(results[0][s].Order, result[s].Order);
                    Assert.Equal(results[0][s].Gain, result[s].Gain);
                }
            }
        }
        finally
        {
            set_num_threads(before);
        }
    }

    [Fact]
    public void Equal_tokens_are_taken_lowest_index_first()
    {
        // Every token four times, in shuffled places, with the relevance of its kind; 100 kinds of 300 dimensions.
        var kinds = RandomTokens.Make(3, 100, 300);
        var kind = Enumerable.Range(0, 400).Select(i => i * 7 % 100).ToArray();
        var values = kind.SelectMany(k => kinds.Features.AsSpan(k * 300, 300).ToArray()).ToArray();
        var relevance = kind.Select(k => kinds.Relevance[k]).ToArray();
        using var features = TensorData.From<float>(values, 400, 300);
        var selection = SegmentDpp.Select(features, relevance, [new([.. Enumerable.Range(0, 400)], 95)])[0];
        Assert.Equal(selection.Order.Select(i => Array.IndexOf(kind, kind[i])), selection.Order);
        Assert.Equal(95, selection.Order.Select(i => kind[i]).Distinct().Count());
    }

    [Fact]
    public void Any_float_type_and_any_layout_will_do()
    {
        var tokens = RandomTokens.Make(4, 60, 32);
        using var features = tokens.Tensor;
        using var narrow = features.to(ScalarType.BFloat16);
        using var widened = narrow.to(ScalarType.Float32);
        using var transposed = widened.transpose(0, 1).contiguous().transpose(0, 1);
        var segments = RandomTokens.Cut([(60, 25)]);
        var expected = SegmentDpp.Select(widened, tokens.Relevance, segments)[0].Order;
        Assert.Equal(expected, SegmentDpp.Select(narrow, tokens.Relevance, segments)[0].Order);
        Assert.Equal(expected, SegmentDpp.Select(transposed, tokens.Relevance, segments)[0].Order);
    }

    [Fact]
    public void Jobs_together_get_what_each_gets_alone()
    {
        var (first, second) = (RandomTokens.Make(21, 500, 96, noise: 1), RandomTokens.Make(22, 90, 40));
        using var features = first.Tensor;
        using var others = second.Tensor;
        using var narrow = features.to(ScalarType.BFloat16);
        List<DppJob> jobs =
        [
            new(features, first.Relevance, RandomTokens.Cut([(200, 100), (300, 60)])),
            new(others, second.Relevance, RandomTokens.Cut([(1, 1), (80, 70), (9, 0)])),
            new(narrow, first.Relevance, RandomTokens.Cut([(500, 90)])),
            new(others, second.Relevance, []),
        ];
        var together = SegmentDpp.Select(jobs);
        Assert.Equal([2, 3, 1, 0], together.Select(job => job.Count));
        for (var j = 0; j < jobs.Count; j++)
        {
            var alone = SegmentDpp.Select(jobs[j].Features, jobs[j].Relevance, jobs[j].Segments);
            Assert.Equal(alone.SelectMany(selection => selection.Order), together[j].SelectMany(selection => selection.Order));
            Assert.Equal(alone.SelectMany(selection => selection.Gain), together[j].SelectMany(selection => selection.Gain));
        }
        Assert.Empty(SegmentDpp.Select([]));
    }

    [Theory]
    [InlineData(300, 500, 210), InlineData(300, 500, 300), InlineData(900, 33, 630), InlineData(2500, 48, 25), InlineData(1, 1, 1)]
    public void Memory_stays_within_the_stated_bound(int count, int dimension, int keep)
    {
        var tokens = RandomTokens.Make(6, count, dimension, noise: 0.3);
        using var features = tokens.Tensor;
        using var greedy = new GreedySegment(new FeatureRows(features), tokens.Relevance, RandomTokens.Cut([(count, keep)])[0], 2);
        greedy.Run();
        var bound = SegmentDpp.WorkingBytes(count, keep, dimension);
        Assert.InRange(4 * greedy.FloatsTaken, 1, bound - 64 * count);
        // The bound itself is what its description says, up to rows being padded.
        Assert.True(bound <= 4L * (count + 25) * (dimension + Math.Min(keep, dimension) + 64) + (64 << 20) + 4L * 132 * (count + 64) + 64 * count);
    }

    [Fact]
    public void An_hour_s_tokens_need_no_more_than_twice_their_features()
    {
        // The kernel would take 3.6 GB, its picked rows 2.5 GB, the features take 430 MB.
        Assert.InRange(SegmentDpp.WorkingBytes(30_000, 21_000, 3584), 0, 950_000_000);
        Assert.InRange(SegmentDpp.WorkingBytes(30_000, 21_000, 896), 0, 310_000_000);
    }

    [Fact]
    public void Rows_that_gave_way_are_made_again_and_change_no_clear_decision()
    {
        var tokens = RandomTokens.Make(12, 600, 200, noise: 0.3, spread: 2);
        using var features = tokens.Tensor;
        var segment = RandomTokens.Cut([(600, 190)])[0];
        var (expected, margin) = tokens.Reference(segment);
        using var greedy = new GreedySegment(new FeatureRows(features), tokens.Relevance, segment, 1, waitingRows: 26);
        Assert.True(ClearDecisions(expected, margin, greedy.Run()) >= 60);
        Assert.True(greedy.RowsGivenUp > 0);
    }

    [Fact]
    public void Wrong_calls_are_refused()
    {
        using var features = zeros([4, 3]);
        var relevance = new float[4];
        Assert.Throws<ArgumentException>(() => SegmentDpp.Select(features, new float[3], Nothing));
        Assert.Throws<ArgumentException>(() => SegmentDpp.Select(features.view(12), new float[12], Nothing));
        foreach (var segment in new DppSegment[] { new([0, 1], 3), new([0], -1), new([1, 0], 1), new([0, 4], 1), new([2, 2], 1) })
            Assert.Throws<ArgumentException>(() => SegmentDpp.Select(features, relevance, [segment]));
        Assert.Empty(SegmentDpp.Select(features, relevance, Nothing));
    }

    // The orders may part only where rounding decides. Returns how many decisions before that are clear, so that a caller can
    // see that something was compared.
    private static int ClearDecisions(DppSelection expected, float[] margin, DppSelection actual)
    {
        var keep = expected.Order.Length;
        var same = expected.Order.Zip(actual.Order).TakeWhile(pair => pair.First == pair.Second).Count();
        if (same < keep)
            Assert.True(margin[same] <= Clear, $"pick {same} of {keep} differs, by a margin of {margin[same]}");
        for (var i = 0; i < same; i++)
            Assert.Equal(expected.Gain[i], actual.Gain[i], 1e-5f);
        Assert.Equal(keep, actual.Order.Distinct().Count());
        return margin[..same].Count(m => m > Clear);
    }
}
