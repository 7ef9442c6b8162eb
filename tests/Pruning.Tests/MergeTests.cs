using HieraVid.Pruning.Reference;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning.Tests;

/// <summary>Stage 0 against plain loops, and what must hold of it for any video.</summary>
public sealed class MergeTests
{
    public static TheoryData<string> Kinds() => [.. TestVideo.Kinds];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_step_equals_the_reference(string kind)
    {
        var options = HieraVidOptions.Default;
        for (var seed = 0; seed < 5; seed++)
        {
            using var scope = NewDisposeScope();
            var video = TestVideo.Make(kind, frames: 23, seed: seed);
            var chunks = TestVideo.Cut(TestVideo.ToTensor(video, ScalarType.Float32), 5);
            var schedule = PruningSchedule.ForBudget(0.1 + 0.1 * seed, 28);
            var method = new HieraVidMethod(options, schedule);
            var summaries = chunks.Select(method.Summarise).ToList();
            var plan = method.Plan(summaries, int.MaxValue);
            var (frames, positions) = (plan.Shape.Frames, plan.Shape.Positions);
            float[] similarity = [.. summaries.SelectMany(summary => summary.Similarity)];
            for (var t = 0; t < similarity.Length; t++)
                Assert.Equal(ReferenceMerge.Similarity(video, t / positions, t % positions), similarity[t]);
            Assert.Equal(ReferenceMerge.SegmentOfFrame(video, options), plan.SegmentOfFrame);
            var scores = ReferenceMerge.Scores(video, plan.SegmentOfFrame, options.Alpha);
            for (var s = 0; s < scores.Length; s++)
                Assert.Equal(scores[s], plan.Segments[s].Score, 1e-9);
            Assert.Equal(ReferenceMerge.Merged(similarity, positions, schedule.Ratios[0]), plan.Merge.Merged);

            var merged = BackwardPass.Run(method, plan, chunks);
            var expected = ReferenceMerge.Tokens(video, plan.Merge.Merged);
            Assert.Equal(expected.Select(token => token.Origin), merged.Origins);
            Assert.Equal(expected.Select(token => token.Size), merged.GroupSizes);
            var values = merged.Values.ToArray<float>();
            foreach (var (wanted, value) in expected.SelectMany(token => token.Value).Zip(values))
                Assert.Equal(wanted, value, kind == "wide range" ? Math.Abs(wanted) * 1e-5f : 0);
            Assert.Equal(frames * positions, merged.GroupSizes.Sum());
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Merging_keeps_what_it_must(string kind)
    {
        using var scope = NewDisposeScope();
        var video = TestVideo.Make(kind);
        foreach (var budget in new[] { 0.02, 0.1, 0.3, 0.75, 0.99 })
        {
            var (plan, merged) = Merge(video, budget);
            var possible = (plan.Shape.Frames - 1) * plan.Shape.Positions;
            Assert.True(plan.Merge.Count <= Math.Min(possible, plan.Schedule.Ratios[0] * plan.Shape.Tokens));
            Assert.Equal(plan.Shape.Tokens - plan.Merge.Count, merged.Origins.Length);
            Assert.Equal(merged.Origins.Distinct().Order(), merged.Origins);
            // Every position of the first frame remains.
            Assert.Equal(Enumerable.Range(0, plan.Shape.Positions), merged.Origins.Take(plan.Shape.Positions));
            Assert.All(plan.Segments, segment => Assert.True(float.IsFinite(segment.Z)));
        }
    }

    [Fact]
    public void Tokens_that_are_not_finite_never_merge_and_harm_no_other()
    {
        using var scope = NewDisposeScope();
        var (_, merged) = Merge(TestVideo.Make("not a number"), 0.1);
        var rows = merged.Values.ToArray<float>().Chunk(24).ToList();
        Assert.All(rows.Zip(merged.GroupSizes), row => Assert.True(row.Second == 1 || row.First.All(float.IsFinite)));
        Assert.Contains(rows, row => row.All(float.IsNaN));
    }

    [Fact]
    public void Identical_frames_fold_into_the_first()
    {
        using var scope = NewDisposeScope();
        var (plan, merged) = Merge(TestVideo.Make("identical frames", frames: 10), 0.05);
        Assert.Equal(0, plan.Segments[^1].Index);
        Assert.Equal(0, plan.Segments[0].Z);
        Assert.Equal(1, plan.Merge.Threshold);
        Assert.Equal(plan.Merge.Count, plan.Merge.LastTied - 8);
        // Ties go to the lowest index: the first frames are merged whole.
        Assert.Equal(Enumerable.Range(9, plan.Merge.Count), plan.Merge.Candidates());
        var frame = TestVideo.Make("identical frames", frames: 1)[0].SelectMany(token => token);
        Assert.Equal(frame, merged.Values.narrow(0, 0, 9).ToArray<float>());
    }

    [Fact]
    public void All_different_frames_are_segments_of_their_own()
    {
        using var scope = NewDisposeScope();
        var (plan, _) = Merge(TestVideo.Make("all different"), 0.3);
        Assert.Equal(plan.Shape.Frames, plan.Segments.Length);
    }

    [Fact]
    public void Budget_one_changes_no_bit()
    {
        using var scope = NewDisposeScope();
        var video = TestVideo.Make("scenes");
        var (plan, merged) = Merge(video, 1);
        Assert.Equal(Enumerable.Range(0, plan.Shape.Tokens), merged.Origins);
        Assert.Equal(video.SelectMany(frame => frame).SelectMany(token => token), merged.Values.ToArray<float>());
        var kept = plan.Prune(1, merged.Origins, merged.Values, ones([2, merged.Origins.Length]));
        Assert.Equal(Enumerable.Range(0, plan.Shape.Tokens), kept.Kept);
    }

    internal static (HieraVidPlan Plan, PrunedTokens Merged) Merge(
        float[][][] video, double budget, HieraVidOptions? options = null)
    {
        var method = new HieraVidMethod(options ?? HieraVidOptions.Default, PruningSchedule.ForBudget(budget, 28));
        var chunk = new TokenChunk(0, TestVideo.ToTensor(video, ScalarType.Float32), null);
        var plan = method.Plan([chunk]);
        return (plan, BackwardPass.Run(method, plan, [chunk]));
    }
}
