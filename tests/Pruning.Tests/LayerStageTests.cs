using HieraVid.Pruning.Reference;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning.Tests;

/// <summary>The prunings inside the model against plain loops, and what must hold of them for any video.</summary>
public sealed class LayerStageTests
{
    [Theory]
    [InlineData(SelectionRule.Spread, SelectionRule.Dpp, RelevanceSign.Negated)]
    [InlineData(SelectionRule.Spread, SelectionRule.Dpp, RelevanceSign.Positive)]
    [InlineData(SelectionRule.TopK, SelectionRule.Dpp, RelevanceSign.Negated)]
    [InlineData(SelectionRule.Dpp, SelectionRule.Dpp, RelevanceSign.Negated)]
    [InlineData(SelectionRule.Dpp, SelectionRule.Dpp, RelevanceSign.Positive)]
    [InlineData(SelectionRule.Spread, SelectionRule.TopK, RelevanceSign.Positive)]
    [InlineData(SelectionRule.TopK, SelectionRule.Spread, RelevanceSign.Negated)]
    public void Every_stage_equals_the_reference(SelectionRule first, SelectionRule later, RelevanceSign sign)
    {
        foreach (var kind in new[] { "scenes", "all different", "one frame" })
        {
            for (var seed = 0; seed < 4; seed++)
            {
                using var scope = NewDisposeScope();
                var options = HieraVidOptions.Default with { Layer7 = first, Later = later, RelevanceSign = sign };
                var video = TestVideo.Make(kind, frames: 30, positions: 16, width: 96, seed: seed);
                var (plan, merged) = MergeTests.Merge(video, 0.2, options);
                foreach (var (stage, selection, hidden, attention) in Stages(plan, merged, seed))
                {
                    var expected = ReferenceStage.Prune(
                        selection.Origins, [.. selection.Origins.Select(plan.SegmentOf)],
                        [.. plan.Segments.Select(segment => segment.Z)], [.. hidden.ToArray<float>().Chunk(96)],
                        Relevance.HeadMean(attention.ToArray<float>(), 2), plan.Schedule.Ratios[stage],
                        stage == 1 ? first : later, options);
                    Assert.Equal(expected, selection.KeptOrigins());
                }
            }
        }
    }

    [Theory]
    [InlineData("scenes")]
    [InlineData("identical frames")]
    [InlineData("all different")]
    [InlineData("black")]
    [InlineData("zero tokens")]
    [InlineData("not a number")]
    [InlineData("one frame")]
    public void Any_video_and_any_budget_gives_a_sound_selection(string kind)
    {
        foreach (var budget in new[] { 0.05, 0.1, 0.2, 0.3, 0.6 })
        {
            foreach (var first in Enum.GetValues<SelectionRule>())
            {
                using var scope = NewDisposeScope();
                var options = HieraVidOptions.Default with { Layer7 = first };
                var (plan, merged) = MergeTests.Merge(TestVideo.Make(kind, frames: 24), budget, options);
                foreach (var (stage, selection, hidden, attention) in Stages(plan, merged, seed: 3))
                {
                    Assert.Equal(selection.Kept.Distinct().Order(), selection.Kept);
                    Assert.Equal(selection.Kept, selection.Order.Order());
                    Assert.Equal(selection.Quotas.Sum(quota => quota.Keep), selection.Kept.Length);
                    Assert.Equal(selection.Quotas.Sum(quota => quota.Count), selection.Origins.Length);
                    Assert.All(selection.Quotas, quota => Assert.InRange(quota.Keep, 0, quota.Count - 1));
                    Assert.All(selection.Relevance, rho => Assert.True(float.IsFinite(rho)));
                    Assert.All(selection.Gain, gain => Assert.True(float.IsFinite(gain)));
                    var again = plan.Prune(stage, selection.Origins, hidden, attention);
                    Assert.Equal(selection.Order, again.Order);
                    Assert.Equal(selection.Gain, again.Gain);
                }
            }
        }
    }

    [Fact]
    public void A_run_keeps_about_what_its_schedule_states()
    {
        using var scope = NewDisposeScope();
        var video = TestVideo.Make("scenes", frames: 60, positions: 49, width: 64);
        foreach (var budget in new[] { 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9 })
        {
            var (plan, merged) = MergeTests.Merge(video, budget);
            double[] stages =
            [
                merged.Origins.Length,
                .. Stages(plan, merged, seed: 9).Select(stage => (double)stage.Selection.Kept.Length),
            ];
            var mean = FlopsTokens.Ideal(FlopsTokens.Exact(plan.Schedule, stages)).Average(layer => layer.FeedForward) / plan.Shape.Tokens;
            // Counts are truncated per segment and the clamp is one-sided at its ends; nothing steers the sum.
            Assert.InRange(mean / plan.Schedule.MeanRetention, 0.9, 1.05);
        }
    }

    [Fact]
    public void Constant_and_undefined_attention_select_the_first_of_each_bucket()
    {
        using var scope = NewDisposeScope();
        var (plan, merged) = MergeTests.Merge(TestVideo.Make("scenes"), 0.3);
        var constant = full([2, merged.Origins.Length], 0.01);
        var undefined = full([2, merged.Origins.Length], double.NaN);
        for (var stage = 1; stage <= 3; stage++)
        {
            var expected = plan.Prune(stage, merged.Origins, merged.Values, constant);
            Assert.All(expected.Relevance, rho => Assert.Equal(1, rho));
            var actual = plan.Prune(stage, merged.Origins, merged.Values, undefined);
            if (stage == 1)
                Assert.Equal(expected.Kept, actual.Kept);
        }
    }

    [Fact]
    public void The_last_token_is_lost_only_as_shipped()
    {
        using var scope = NewDisposeScope();
        var video = TestVideo.Make("all different", frames: 12);
        foreach (var shipped in new[] { false, true })
        {
            var options = HieraVidOptions.Default with { AsShippedLastToken = shipped };
            var (plan, merged) = MergeTests.Merge(video, 0.3, options);
            int[] origins = [.. merged.Origins.Append(plan.Shape.Tokens - 1).Distinct()];
            var selection = plan.Prune(1, origins, ones([origins.Length, 4]), ones([origins.Length]));
            Assert.Equal(shipped ? origins.Length - 1 : origins.Length, selection.Quotas.Sum(quota => quota.Count));
            if (shipped)
                Assert.DoesNotContain(plan.Shape.Tokens - 1, selection.KeptOrigins());
        }
    }

    [Fact]
    public void A_trace_explains_every_token()
    {
        using var scope = NewDisposeScope();
        var video = TestVideo.Make("zero tokens", frames: 30);
        var chunks = TestVideo.Cut(TestVideo.ToTensor(video, ScalarType.Float32), 7);
        var method = new HieraVidMethod(HieraVidOptions.Default, PruningSchedule.ForBudget(0.3, 28));
        var summaries = chunks.Select(method.Summarise).ToList();
        var plan = method.Plan(summaries, int.MaxValue);
        var merged = BackwardPass.Run(method, plan, chunks);
        List<StageSelection> selections = [.. Stages(plan, merged, seed: 5).Select(stage => stage.Selection)];
        var trace = PruningTrace.Of(plan, summaries, merged.Origins, selections);

        Assert.Equal(merged.Origins, trace.MergedInto.Distinct().Order());
        Assert.Equal([SelectionRule.Spread, SelectionRule.Dpp, SelectionRule.Dpp], trace.Stages.Select(stage => stage.Rule));
        foreach (var (stage, selection) in trace.Stages.Zip(selections))
        {
            var first = 0;
            foreach (var quota in stage.Quotas)
            {
                int[] rows = [.. Enumerable.Range(first, quota.Count)];
                first += quota.Count;
                Assert.All(rows, row => Assert.Equal(quota.Segment, plan.SegmentOf(stage.Origins[row])));
                Assert.Equal(Enumerable.Range(0, quota.Count), rows.Select(row => stage.Place[row]).Order());
                Assert.Equal(rows.OrderByDescending(row => stage.Relevance[row]).ThenBy(row => row), rows.OrderBy(row => stage.Place[row]));
                Assert.Equal(Enumerable.Range(0, quota.Keep), rows.Select(row => stage.Rank[row]).Where(rank => rank >= 0).Order());
            }
            for (var row = 0; row < first; row++)
            {
                Assert.Equal(stage.Kept[row], stage.Rank[row] >= 0);
                Assert.Equal(stage.Kept[row] && stage.Rule == SelectionRule.Dpp, !float.IsNaN(stage.Gain[row]));
                if (stage.Winner[row] < 0)
                    continue;
                var winner = Array.BinarySearch(stage.Origins, stage.Winner[row]);
                Assert.True(stage.Kept[winner] && stage.Relevance[winner] >= stage.Relevance[row]);
                Assert.Equal(stage.Kept[row], winner == row);
            }
            Assert.Equal(stage.Rule == SelectionRule.Spread, stage.Winner.Any(winner => winner >= 0));
            Assert.Equal(selection.KeptOrigins(), stage.Origins.Where((_, row) => stage.Kept[row]));
        }
    }

    [Fact]
    public void A_stage_is_named_after_its_option_even_where_it_keeps_nothing()
    {
        var nothing = new StageSelection(1, new LayerPoint(7, LayerPlace.AfterAttention), [4, 5], [], [1, 0], [new SegmentQuota(0, 2, 0)], [], []);
        foreach (var rule in Enum.GetValues<SelectionRule>())
            Assert.Equal(rule, StageTrace.Of(nothing, HieraVidOptions.Default with { Layer7 = rule }).Rule);
        Assert.Equal(SelectionRule.Dpp, StageTrace.Of(nothing with { Stage = 2 }, HieraVidOptions.Default).Rule);
    }

    [Fact]
    public void A_trace_says_how_much_room_each_piece_had()
    {
        using var scope = NewDisposeScope();
        var chunks = TestVideo.Cut(TestVideo.ToTensor(TestVideo.Make("scenes"), ScalarType.Float32), 7);
        var method = new HieraVidMethod(HieraVidOptions.Default, PruningSchedule.ForBudget(0.3, 28));
        var summaries = chunks.Select(method.Summarise).ToList();
        var plan = method.Plan(summaries, room: 40);
        var merged = BackwardPass.Run(method, plan, chunks);
        var window = PruningTrace.Of(plan, summaries, merged.Origins, []).Window;
        Assert.Equal(40, window.Sum(piece => piece.Keep));
        Assert.Equal(plan.Shape.Tokens - plan.Merge.Count, window.Sum(piece => piece.Count));
        foreach (var piece in window)
            Assert.Equal(piece.Keep, merged.Origins.Count(t => plan.Shape.FrameOf(t) >= piece.Frames.First && plan.Shape.FrameOf(t) < piece.Frames.End));
    }

    [Fact]
    public void Tensors_that_do_not_fit_are_refused()
    {
        using var scope = NewDisposeScope();
        var (plan, merged) = MergeTests.Merge(TestVideo.Make("scenes"), 0.3);
        var n = merged.Origins.Length;
        Refused(2, merged.Values, ones([2, n + 1]));
        Refused(2, merged.Values.narrow(0, 1, n - 1), ones([2, n]));
        Refused(4, merged.Values, ones([2, n]));

        void Refused(int stage, Tensor hidden, Tensor attention) =>
            Assert.Throws<PruningException>(() => plan.Prune(stage, merged.Origins, hidden, attention));
    }

    // Runs the stages as a decoder would, with random hidden states and attention.
    private static IEnumerable<(int Stage, StageSelection Selection, Tensor Hidden, Tensor Attention)> Stages(
        HieraVidPlan plan, PrunedTokens merged, int seed)
    {
        manual_seed(seed);
        var (alive, hidden) = (merged.Origins, merged.Values);
        for (var stage = 1; stage <= 3; stage++)
        {
            var attention = rand([2, alive.Length]);
            var selection = plan.Prune(stage, alive, hidden, attention);
            yield return (stage, selection, hidden, attention);
            hidden = hidden.index_select(0, TensorData.From<long>([.. selection.Kept], selection.Kept.Length));
            alive = selection.KeptOrigins();
        }
    }
}
