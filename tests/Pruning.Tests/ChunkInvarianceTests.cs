using System.Numerics;
using System.Runtime.InteropServices;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning.Tests;

/// <summary>
/// The law of architecture.md, section 3: results depend neither on the cutting nor on the order of arrival.
/// </summary>
public sealed class ChunkInvarianceTests
{
    public static TheoryData<string, ScalarType> Videos()
    {
        var data = new TheoryData<string, ScalarType>();
        foreach (var kind in TestVideo.Kinds)
        {
            data.Add(kind, ScalarType.Float32);
            data.Add(kind, ScalarType.BFloat16);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Videos))]
    public void Any_cutting_gives_the_same_bits(string kind, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var tokens = TestVideo.ToTensor(TestVideo.Make(kind), type);
        foreach (var budget in new[] { 0.1, 0.3, 0.6 })
        {
            var whole = Run(TestVideo.Cut(tokens, int.MaxValue), budget);
            foreach (var size in new[] { 1, 2, 4, 16, 64 })
                AssertSame(whole, Run(TestVideo.Cut(tokens, size), budget));
        }
    }

    [Theory]
    [MemberData(nameof(Videos))]
    public void Any_cutting_gives_the_same_bits_where_the_window_is_too_small(string kind, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var tokens = TestVideo.ToTensor(TestVideo.Make(kind), type);
        foreach (var room in new[] { 5, 90 })
        {
            var whole = Run(TestVideo.Cut(tokens, int.MaxValue), 0.3, room);
            Assert.Equal(room, whole.Merged.Origins.Length + (kind == "one frame" && room > 9 ? room - 9 : 0));
            foreach (var size in new[] { 1, 2, 4, 16, 64 })
                AssertSame(whole, Run(TestVideo.Cut(tokens, size), 0.3, room));
        }
    }

    [Theory]
    [MemberData(nameof(Videos))]
    public void Any_order_of_arrival_gives_the_same_bits(string kind, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var chunks = TestVideo.Cut(TestVideo.ToTensor(TestVideo.Make(kind), type), 3);
        var inOrder = Run(chunks, 0.2);
        for (var seed = 0; seed < 3; seed++)
        {
            var shuffled = chunks.ToArray();
            new Random(seed).Shuffle(shuffled);
            AssertSame(inOrder, Run([.. shuffled], 0.2));
        }
    }

    [Fact]
    public void Wide_frames_and_any_number_of_threads_give_the_same_bits()
    {
        using var scope = NewDisposeScope();
        var video = TestVideo.Make("wide range", frames: 20, positions: 50, width: 300);
        var tokens = TestVideo.ToTensor(video, ScalarType.Float32);
        var threads = get_num_threads();
        try
        {
            set_num_threads(1);
            var single = Run(TestVideo.Cut(tokens, int.MaxValue), 0.3);
            set_num_threads(2);
            AssertSame(single, Run(TestVideo.Cut(tokens, 6), 0.3));
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [Fact]
    public void Sums_that_cancel_are_exact_whatever_the_cutting()
    {
        using var scope = NewDisposeScope();
        const int Frames = 48;
        var random = new Random(7);
        // Large terms come in pairs that cancel, so plain float64 sums lose the small ones, depending on the order.
        float Large() => MathF.ScaleB((float)random.NextDouble(), 60);
        var values = new float[Frames][];
        for (var f = 0; f < Frames; f += 2)
        {
            values[f] = [.. Enumerable.Range(0, 8).Select(_ => Large())];
            values[f + 1] = [.. values[f].Select(x => -x)];
        }
        foreach (var f in new[] { Frames - 2, Frames - 1 })
            values[f] = [.. Enumerable.Range(0, 8).Select(_ => (float)random.NextDouble())];
        random.Shuffle(values);
        var tokens = TestVideo.ToTensor([.. values.Select(token => new[] { token })], ScalarType.Float32);
        var all = new MergeSelection(0, -1, Frames - 1, [false, .. Enumerable.Repeat(true, Frames - 1)]);
        var method = new HieraVidMethod(HieraVidOptions.Default, PruningSchedule.ForBudget(0.3, 28));
        var template = method.Plan(TestVideo.Cut(tokens, Frames));
        // Scaled by 2^40, every term is an integer.
        var exact = Enumerable.Range(0, 8)
            .Select(d => values.Aggregate(BigInteger.Zero, (sum, token) => sum + Scaled(token[d])))
            .Select(sum => (float)((double)sum / Math.ScaleB(1, 40) / Frames)).ToArray();
        foreach (var size in new[] { 1, 3, 5, 16, Frames })
        {
            var chunks = TestVideo.Cut(tokens, size);
            var merged = BackwardPass.Run(method, template with { Merge = all }, chunks);
            Assert.Equal(Frames, Assert.Single(merged.GroupSizes));
            Assert.Equal(exact, merged.Values.ToArray<float>());
        }

        static BigInteger Scaled(float x) => new(Math.ScaleB((double)x, 40));
    }

    [Fact]
    public void Missing_repeated_and_foreign_chunks_are_refused()
    {
        using var scope = NewDisposeScope();
        var chunks = TestVideo.Cut(TestVideo.ToTensor(TestVideo.Make("scenes", frames: 12), ScalarType.Float32), 4);
        var method = new HieraVidMethod(HieraVidOptions.Default, PruningSchedule.ForBudget(0.3, 28));
        var summaries = chunks.Select(method.Summarise).ToList();
        void Refused(string why, params ChunkSummary[] given)
        {
            var error = Assert.Throws<PruningException>(() => method.Plan(given, int.MaxValue));
            Assert.Contains(why, error.Message, StringComparison.Ordinal);
        }
        Refused("frames 4 to 7 are missing", summaries[0], summaries[2]);
        Refused("frame 4 is given twice", [.. summaries, summaries[1]]);
        Refused("there are none");
        Refused("frame 4 has 8 tokens", summaries[0], summaries[1] with { Positions = 8 });
        Assert.Throws<PruningException>(() => method.Summarise(chunks[1] with { Previous = null }));
        var plan = method.Plan(summaries, int.MaxValue);
        Assert.Throws<PruningException>(() => method.Apply(chunks[2] with { FirstFrame = 9 }, plan));
        Assert.Throws<PruningException>(() => BackwardPass.Run(method, plan, [chunks[1]]));
    }

    private static (HieraVidPlan Plan, PrunedTokens Merged) Run(
        List<TokenChunk> chunks, double budget, int room = int.MaxValue)
    {
        var method = new HieraVidMethod(HieraVidOptions.Default, PruningSchedule.ForBudget(budget, 28));
        var plan = method.Plan(chunks, room);
        return (plan, BackwardPass.Run(method, plan, chunks));
    }

    private static void AssertSame(
        (HieraVidPlan Plan, PrunedTokens Merged) expected, (HieraVidPlan Plan, PrunedTokens Merged) actual)
    {
        Assert.Equal(expected.Plan.Segments, actual.Plan.Segments);
        Assert.Equal(expected.Plan.SegmentOfFrame, actual.Plan.SegmentOfFrame);
        Assert.Equal(expected.Plan.Merge.Merged, actual.Plan.Merge.Merged);
        Assert.Equal(expected.Merged.Origins, actual.Merged.Origins);
        Assert.Equal(expected.Merged.GroupSizes, actual.Merged.GroupSizes);
        Assert.Equal(Bits(expected.Merged.Values), Bits(actual.Merged.Values));
    }

    private static int[] Bits(Tensor tensor) => [.. MemoryMarshal.Cast<float, int>(tensor.ToArray<float>())];
}
