using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using HieraVid.Video;

namespace HieraVid.Pipeline.Tests.Running;

[Collection(nameof(WithTensors))]
public class LocalRunnerTests(RunnerFixture fixture)
{
    [Fact]
    public async Task The_answer_does_not_depend_on_the_chunks_nor_on_what_ran_before()
    {
        var reference = await fixture.RunAsync(fixture.Ask());
        Assert.Equal(12, reference.Tokens.Generated);
        foreach (var chunk in new[] { 1, 3, 64, 64 })
        {
            var other = await fixture.RunAsync(fixture.Ask() with { ChunkFrames = chunk });
            Assert.Equal(reference.Answer, other.Answer);
            Assert.Equivalent(reference.Tokens, other.Tokens, strict: true);
            Assert.Equal(reference.Video.SampledTimes, other.Video.SampledTimes);
        }
    }

    [Fact]
    public async Task The_same_seed_draws_the_same_answer_and_others_do_not_all()
    {
        async Task<string> Answer(int seed) => (await fixture.RunAsync(fixture.Ask(frames: 2) with
        {
            Generation = new GenerationRequest(MaxTokens: 12, Temperature: 1, Seed: seed),
        })).Answer;
        var answers = new List<string>();
        for (var seed = 0; seed < 4; seed++)
            answers.Add(await Answer(seed));
        Assert.Equal(answers[2], await Answer(2));
        Assert.NotEqual(1, answers.Distinct().Count());
    }

    [Fact]
    public async Task The_report_says_what_was_sampled_and_counted()
    {
        var request = fixture.Ask(frames: 3, maxTokens: 5);
        var report = await fixture.RunAsync(request);
        Assert.Equal((64, 48, 3), (report.Video.Width, report.Video.Height, report.Video.SampledFrames));
        Assert.Equal(1.2, report.Video.DurationSeconds, 3);
        Assert.Equal(10, report.Video.Fps, 3);
        // Frames 0, 5 and 11 of 12: the first, the last, and the one between.
        Assert.Equal([0, 0.5, 1.1], report.Video.SampledTimes.Select(t => Math.Round(t, 3)));
        Assert.Equal((3 * 196) + 1, report.Tokens.Visual);
        Assert.Equal(("length", 5, 0), (report.Finish, report.Tokens.Generated, report.Seed));
        Assert.Equal(("cpu", "f32", "none", fixture.Model.Folder), (report.Device, report.Dtype, report.Method, report.Model));
        Assert.True(report.PeakMemoryBytes > fixture.Model.Network.WeightBytes);
        Assert.Empty(report.Notes);
    }

    [Fact]
    public async Task The_streamed_pieces_are_the_answer()
    {
        var text = "";
        var report = await fixture.RunAsync(fixture.Ask(frames: 2), onText: piece => text += piece);
        Assert.NotEmpty(report.Answer);
        Assert.Equal(report.Answer, text.Trim());
        Assert.Equal(text.TrimStart(), text);
    }

    [Fact]
    public async Task A_stop_token_ends_the_answer()
    {
        // With a penalty far below 1 every token seen becomes likelier; the point is only that some run stops early.
        var stopped = false;
        for (var seed = 0; seed < 20 && !stopped; seed++)
        {
            var report = await fixture.RunAsync(fixture.Ask(frames: 1) with
            {
                Generation = new GenerationRequest(MaxTokens: 400, Temperature: 5, Seed: seed),
            });
            stopped = report.Finish == "stop";
            Assert.Equal(stopped, report.Tokens.Generated < 400);
        }
        Assert.True(stopped);
    }

    [Fact]
    public async Task Progress_only_grows_and_each_stage_ends_complete()
    {
        var events = new List<JobProgress>();
        await fixture.RunAsync(fixture.Ask(frames: 12) with { ChunkFrames = 5 }, events.Add);
        Assert.Equal([JobStage.Probe, JobStage.Decode, JobStage.Encode, JobStage.Prefill, JobStage.Generate],
            events.Select(e => e.Stage).Distinct());
        foreach (var stage in events.GroupBy(e => e.Stage))
        {
            Assert.Equal(stage.Select(e => e.Done).Order(), stage.Select(e => e.Done));
            Assert.Single(stage.Select(e => e.Total).Distinct());
            Assert.All(stage, e => Assert.InRange(e.Done, 0, e.Total));
            Assert.Equal(stage.Last().Total, stage.Last().Done);
        }
        // One event per layer before it, and one at the end.
        Assert.Equal(fixture.Model.Network.Config.Text.LayerCount + 1, events.Count(e => e.Stage == JobStage.Prefill));
    }

    [Fact]
    public async Task The_stages_add_up_to_the_total()
    {
        var timing = (await fixture.RunAsync(fixture.Ask())).Timing;
        double[] stages = [timing.Probe, timing.Decode, timing.Encode, timing.Prefill, timing.Generate];
        Assert.All(stages, seconds => Assert.True(seconds > 0));
        Assert.InRange(stages.Sum(), timing.Total / 4, timing.Total * 1.001);
        Assert.InRange(timing.TimeToFirstToken, timing.Prefill, timing.Total);
    }

    [Fact]
    public async Task A_video_that_was_looked_at_before_counts_as_the_jobs_own_work()
    {
        var probed = await ProbedVideo.OfAsync(fixture.Video, VideoLimits.Default, TestContext.Current.CancellationToken);
        var report = await fixture.RunAsync(fixture.Ask(frames: 2), probed: probed with { Spent = TimeSpan.FromHours(1) });
        Assert.InRange(report.Timing.Probe, 3600, double.MaxValue);
        Assert.InRange(report.Timing.TimeToFirstToken, report.Timing.Probe, report.Timing.Total);
    }

    [Fact]
    public async Task Many_jobs_leave_no_tensor()
    {
        var before = TorchSharp.torch.Tensor.TotalCount;
        for (var i = 0; i < 5; i++)
            await fixture.RunAsync(fixture.Ask(frames: 1 + i, maxTokens: 2));
        Assert.InRange(TorchSharp.torch.Tensor.TotalCount, 0, before);
    }
}
