using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning.Tests;

/// <summary>What must hold where merging alone leaves more tokens than the model's window holds.</summary>
public sealed class WindowBudgetTests
{
    public static TheoryData<string> Kinds() => [.. TestVideo.Kinds];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_room_is_used_to_the_last_token_and_never_exceeded(string kind)
    {
        using var scope = NewDisposeScope();
        var chunks = TestVideo.Cut(TestVideo.ToTensor(TestVideo.Make(kind), ScalarType.Float32), 8);
        var method = Method();
        var merged = BackwardPass.Run(method, method.Plan(chunks), chunks);
        foreach (var room in new[] { 1, 2, 17, merged.Origins.Length / 3, merged.Origins.Length - 1 }.Where(room => room > 0))
        {
            var plan = method.Plan(chunks, room);
            var kept = BackwardPass.Run(method, plan, chunks);
            Assert.Equal(Math.Min(room, merged.Origins.Length), kept.Origins.Length);
            Assert.Equal(kept.Origins.Order(), kept.Origins);
            Assert.Empty(kept.Origins.Except(merged.Origins));
        }
        Assert.Empty(method.Plan(chunks, merged.Origins.Length).Pieces);
    }

    [Fact]
    public void Pruning_at_the_input_alone_meets_the_budget_there_and_leaves_the_layers_alone()
    {
        using var scope = NewDisposeScope();
        var chunks = TestVideo.Cut(TestVideo.ToTensor(TestVideo.Make("scenes"), ScalarType.Float32), 8);
        var schedule = PruningSchedule.ForBudget(0.2, 8);
        var method = new HieraVidMethod(HieraVidOptions.Default with { InputOnly = true }, schedule);
        var plan = method.Plan(chunks);
        var kept = BackwardPass.Run(method, plan, chunks);
        Assert.Equal((int)(plan.Shape.Tokens * schedule.MeanRetention), kept.Origins.Length);
        foreach (var layer in Enumerable.Range(0, 8))
            Assert.Equal(LayerNeed.Nothing, method.Wants(plan, new LayerPoint(layer, LayerPlace.AfterAttention), []));
        Assert.All(method.Nominal(plan.Shape, 8), layer => Assert.Equal(kept.Origins.Length, layer.FeedForward));
        Assert.Equal(5, method.Plan(chunks, 5).PieceQuotas.Sum());
    }

    [Fact]
    public void Kept_tokens_have_the_values_that_merging_gave_them()
    {
        using var scope = NewDisposeScope();
        var chunks = TestVideo.Cut(TestVideo.ToTensor(TestVideo.Make("scenes"), ScalarType.Float32), 8);
        var method = Method();
        var merged = BackwardPass.Run(method, method.Plan(chunks), chunks);
        var kept = BackwardPass.Run(method, method.Plan(chunks, merged.Origins.Length / 4), chunks);
        var rows = kept.Origins.Select(origin => (long)Array.IndexOf(merged.Origins, origin)).ToArray();
        var expected = merged.Values.index_select(0, TensorData.From<long>(rows, rows.Length));
        Assert.Equal(expected.ToArray<float>(), kept.Values.ToArray<float>());
        Assert.Equal(rows.Select(row => merged.GroupSizes[row]), kept.GroupSizes);
    }

    [Fact]
    public void A_segment_that_deserves_more_keeps_a_larger_share()
    {
        using var scope = NewDisposeScope();
        var chunks = TestVideo.Cut(TestVideo.ToTensor(TestVideo.Make("scenes", seed: 4), ScalarType.Float32), 64);
        var plan = Method().Plan(chunks, 100);
        var shares = plan.Pieces.Select((piece, i) => (
            plan.Segments[plan.SegmentOfFrame[piece.First]].Z,
            Share: plan.PieceQuotas[i] / (double)Enumerable.Range(piece.First * 9, piece.Count * 9).Count(t => !plan.Merge.Merged[t]),
            Tokens: plan.PieceQuotas[i])).Where(piece => piece.Tokens > 5).ToList();
        var (best, worst) = (shares.MaxBy(piece => piece.Z), shares.MinBy(piece => piece.Z));
        Assert.True(best.Z > worst.Z + 0.5);
        Assert.True(best.Share > worst.Share);
    }

    [Fact]
    public void Long_segments_are_cut_into_equal_pieces_that_cover_the_video()
    {
        var segments = new[] { new Segment(0, 0, 99, 0, 0), new Segment(1, 100, 100, 0, 0), new Segment(2, 101, 164, 0, 0) };
        var pieces = WindowBudget.Pieces(segments, positions: 196);
        Assert.Equal(0, pieces[0].First);
        Assert.Equal(165, pieces[^1].End);
        for (var i = 1; i < pieces.Length; i++)
            Assert.Equal(pieces[i - 1].End, pieces[i].First);
        Assert.All(pieces, piece => Assert.InRange(piece.Count * 196, 196, WindowBudget.PieceTokens));
        Assert.Equal([25, 25, 25, 25, 1, 32, 32], pieces.Select(piece => piece.Count));
    }

    [Fact]
    public void No_room_at_all_is_refused()
    {
        using var scope = NewDisposeScope();
        var chunks = TestVideo.Cut(TestVideo.ToTensor(TestVideo.Make("scenes"), ScalarType.Float32), 8);
        var refused = Assert.Throws<PruningException>(() => Method().Plan(chunks, 0));
        Assert.Contains("room for 0", refused.Message, StringComparison.Ordinal);
    }

    private static HieraVidMethod Method() => new(HieraVidOptions.Default, PruningSchedule.ForBudget(0.3, 28));
}
