using System.Text.Json;
using HieraVid.Pruning.Reference;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning.Tests;

/// <summary>The prunings inside the model against plain loops, and what must hold of them for any video.</summary>
public sealed class LayerStageTests
{
    [Theory]
    [InlineData(FirstSelection.Spread, RelevanceSign.Negated)]
    [InlineData(FirstSelection.Spread, RelevanceSign.Positive)]
    [InlineData(FirstSelection.TopK, RelevanceSign.Negated)]
    [InlineData(FirstSelection.Dpp, RelevanceSign.Negated)]
    [InlineData(FirstSelection.Dpp, RelevanceSign.Positive)]
    public void Every_stage_equals_the_reference(FirstSelection first, RelevanceSign sign)
    {
        foreach (var kind in new[] { "scenes", "all different", "one frame" })
        {
            for (var seed = 0; seed < 4; seed++)
            {
                using var scope = NewDisposeScope();
                var options = HieraVidOptions.Default with { Layer7 = first, RelevanceSign = sign };
                var video = TestVideo.Make(kind, frames: 30, positions: 16, width: 96, seed: seed);
                var (plan, merged) = MergeTests.Merge(video, 0.2, options);
                foreach (var (stage, selection, hidden, attention) in Stages(plan, merged, seed))
                {
                    var expected = ReferenceStage.Prune(
                        selection.Origins, [.. selection.Origins.Select(plan.SegmentOf)],
                        [.. plan.Segments.Select(segment => segment.Z)], [.. hidden.ToArray<float>().Chunk(96)],
                        Relevance.HeadMean(attention.ToArray<float>(), 2), plan.Schedule.Ratios[stage],
                        stage == 1 ? first : FirstSelection.Dpp, options);
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
            foreach (var first in Enum.GetValues<FirstSelection>())
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
        var json = JsonSerializer.Serialize(PruningTrace.Of(plan, summaries, merged.Origins, selections));
        var trace = JsonSerializer.Deserialize<PruningTrace>(json)!;

        var survivors = selections[^1].KeptOrigins();
        for (var token = 0; token < plan.Shape.Tokens; token++)
        {
            var history = trace.Explain(token);
            Assert.Equal(plan.Merge.Merged[token], history.MergedInto != token);
            Assert.Contains(history.MergedInto, merged.Origins);
            Assert.Equal(survivors.Contains(history.MergedInto), history.DroppedAt is null);
            Assert.Equal(history.DroppedAt ?? 3, history.Stages.Length);
            foreach (var stage in history.Stages)
            {
                Assert.Equal(stage.Kept, stage.Rank >= 0);
                Assert.True(stage.Rank < stage.SegmentKeep);
                Assert.Equal(stage.Kept && stage.Stage > 1, !float.IsNaN(stage.Gain));
            }
        }
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
