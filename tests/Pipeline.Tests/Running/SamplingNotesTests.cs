using HieraVid.Models;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using HieraVid.Pruning;

namespace HieraVid.Pipeline.Tests.Running;

[Collection(nameof(WithTensors))]
public class SamplingNotesTests(RunnerFixture fixture)
{
    [Fact]
    public async Task A_short_video_is_taken_whole_with_a_note()
    {
        var report = await fixture.RunAsync(fixture.Ask(maxTokens: 1) with { Sampling = new SamplingRequest() });
        Assert.Equal(12, report.Video.SampledFrames);
        Assert.Contains("only 12 frames", Assert.Single(report.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_single_frame_is_a_still_picture()
    {
        var still = fixture.Make("still.mp4", seconds: 0.1);
        var report = await fixture.RunAsync(fixture.Ask(maxTokens: 1) with { VideoPath = still, Sampling = new SamplingRequest() });
        Assert.Equal(1, report.Video.SampledFrames);
        Assert.Contains("only 1 frame;", Assert.Single(report.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rate_below_the_videos_needs_no_note()
    {
        var report = await fixture.RunAsync(fixture.Ask(maxTokens: 1) with { Sampling = new SamplingRequest(Fps: 5) });
        Assert.Equal(6, report.Video.SampledFrames);
        Assert.Empty(report.Notes);
    }

    [Fact]
    public async Task A_rate_above_the_videos_says_that_frames_repeat()
    {
        var report = await fixture.RunAsync(fixture.Ask(maxTokens: 1) with { Sampling = new SamplingRequest(Fps: 20) });
        Assert.Equal(24, report.Video.SampledFrames);
        Assert.Contains("24 samples show 12 frames", Assert.Single(report.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_frames_than_the_video_has_are_refused()
    {
        var e = await Assert.ThrowsAsync<JobException>(() => fixture.RunAsync(fixture.Ask(frames: 13)));
        Assert.Contains("--frames 13 is more than", e.Message, StringComparison.Ordinal);
        Assert.Contains("12 frames", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, 1000.0, 16, "at most 167 frames")]
    [InlineData(12, null, 31_000, "at most 8 frames")]
    [InlineData(12, null, 40_000, "take a shorter question or fewer --max-tokens")]
    public async Task What_exceeds_the_window_is_refused_before_any_work(int? frames, double? fps, int maxTokens, string remedy)
    {
        var events = new List<JobProgress>();
        var e = await Assert.ThrowsAsync<JobException>(() => fixture.RunAsync(
            fixture.Ask() with { Sampling = new SamplingRequest(frames, fps), Generation = new GenerationRequest(maxTokens) }, events.Add));
        Assert.True(e.IsUsersMistake);
        Assert.Contains("32,768", e.Message, StringComparison.Ordinal);
        Assert.Contains(remedy, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(events, progress => progress.Stage > JobStage.Probe);
    }

    [Theory]
    [InlineData("llava-onevision-tiny-hf", 196)]
    [InlineData("llava-video-tiny", 13 * 14)]
    public void Newline_tokens_within_a_frame_count(string name, int tokens)
    {
        var tower = name == "llava-video-tiny" ? Repository.Fixture("siglip-tiny-384") : null;
        using var model = LoadedModel.Load(Repository.Fixture(name), Compute.Reference, tower);
        Assert.Equal(tokens, new FrameBudget(model.Network, (640, 480), new NoPruning(), 20, 256).TokensPerFrame(8));
    }

    [Fact]
    public void The_most_frames_of_a_budget_fit_and_one_more_does_not()
    {
        for (var prompt = 1; prompt < 400; prompt += 7)
        {
            var budget = new FrameBudget(tokensPerFrame: 196, window: 32768, prompt, answerTokens: 256);
            Assert.Null(Record.Exception(() => budget.Check(budget.Most)));
            Assert.Throws<JobException>(() => budget.Check(budget.Most + 1));
        }
    }
}
