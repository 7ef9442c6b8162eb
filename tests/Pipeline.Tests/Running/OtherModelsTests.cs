using HieraVid.Models;
using HieraVid.Models.Checkpoints;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using HieraVid.Pruning;
using HieraVid.Video;

namespace HieraVid.Pipeline.Tests.Running;

/// <summary>Whole jobs on random checkpoints of the models beside LLaVA-OneVision.</summary>
[Collection(nameof(WithTensors))]
public sealed class OtherModelsTests(RunnerFixture fixture)
{
    private const string Qwen2 = "tiny-qwen2-vl", Qwen25 = "tiny-qwen2.5-vl", LlavaVideo = "tiny-llava-video";

    [Theory]
    [InlineData(Qwen2, PruningMethods.HieraVid)]
    [InlineData(Qwen25, PruningMethods.HieraVid)]
    [InlineData(LlavaVideo, PruningMethods.HieraVid)]
    [InlineData(Qwen2, PruningMethods.FastVid)]
    public async Task The_answer_and_what_is_kept_do_not_depend_on_the_chunks(string preset, string method)
    {
        using var model = Load(preset);
        var reference = await Run(model, method, chunkFrames: 64);
        foreach (var chunkFrames in new[] { 1, 5 })
        {
            var other = await Run(model, method, chunkFrames);
            Assert.Equal(reference.Answer, other.Answer);
            Assert.Equal(reference.KeptTokens, other.KeptTokens);
            Assert.Equal(reference.Video.SampledTimes, other.Video.SampledTimes);
            Assert.Equal(reference.Pruning!().Times, other.Pruning!().Times);
        }
    }

    [Theory]
    [InlineData(Qwen2)]
    [InlineData(Qwen25)]
    [InlineData(LlavaVideo)]
    public async Task Every_method_answers_or_says_why_not(string preset)
    {
        using var model = Load(preset);
        var asked = PruningMethods.Names.Where(name => name != PruningMethods.None)
            .Select(name => new PruningRequest { Method = name, Budget = 0.3 }).ToList();
        var request = fixture.Ask(frames: 6, maxTokens: 3);
        var report = await new ComparisonRunner(model, VideoLimits.Default)
            .RunAsync(request, asked, _ => { }, await ProbedVideo.OfAsync(request.VideoPath, VideoLimits.Default, default));
        Assert.Equal(asked.Count + 1, report.Rows.Count);
        Assert.All(report.Rows, row => Assert.True(row.Refusal is null, $"{row.Method}: {row.Refusal}"));
        Assert.Equal(0, report.Positions % report.Columns);
    }

    [Fact]
    public async Task A_pair_of_frames_is_one_grid_of_the_videos_shape()
    {
        using var model = Load(Qwen2);
        // 64 x 48 grows to the least size of a video's frame, and keeps its shape.
        var report = await Run(model, PruningMethods.None, 64, frames: 6);
        var pruning = report.Pruning!();
        Assert.Equal((3, 14, 10), (pruning.Frames, pruning.Columns, pruning.Positions / pruning.Columns));
        Assert.Equal(6, report.Video.SampledFrames);
        Assert.Equal(report.Video.SampledTimes.Where((_, i) => i % 2 == 0), pruning.Times);
        Assert.Equal(3 * 140, report.Tokens.Visual);
    }

    [Theory]
    [InlineData(5, 4, "5 were asked for")]
    [InlineData(6, 6, null)]
    [InlineData(1, 1, null)]
    public async Task Frames_are_taken_in_pairs_and_a_lonely_one_stands_for_two(int asked, int taken, string? note)
    {
        using var model = Load(Qwen2);
        var report = await Run(model, PruningMethods.None, 64, asked);
        Assert.Equal(taken, report.Video.SampledFrames);
        Assert.Equal((taken + 1) / 2, report.Pruning!().Frames);
        if (note is null)
            Assert.Empty(report.Notes);
        else
            Assert.Contains(note, Assert.Single(report.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_odd_number_of_frames_at_a_rate_repeats_the_last()
    {
        using var model = Load(Qwen2);
        var report = await fixture.RunOnAsync(model, fixture.Ask(maxTokens: 2) with { Sampling = new SamplingRequest(Fps: 5.5) });
        Assert.Equal(8, report.Video.SampledFrames + report.Video.SampledFrames % 2);
        Assert.Equal(1, report.Video.SampledFrames % 2);
        Assert.Equal(4, report.Pruning!().Frames);
    }

    [Fact]
    public async Task The_prompt_of_a_model_that_is_told_the_times_is_longer_by_them()
    {
        using var model = Load(LlavaVideo);
        var (few, many) = (await Run(model, PruningMethods.None, 64, 2), await Run(model, PruningMethods.None, 64, 6));
        Assert.True(many.Tokens.Text > few.Tokens.Text + 4 * 4, $"{few.Tokens.Text} and {many.Tokens.Text} tokens");
        // 13 rows of 13 tokens and a newline each.
        Assert.Equal(6 * 13 * 14, many.Tokens.Visual);
    }

    [Theory]
    [InlineData(LlavaVideo, "bilinear", 6 * 14 * 15)]
    [InlineData(LlavaVideo, "max", 6 * 13 * 14)]
    public async Task The_pooling_of_the_file_can_be_overridden(string preset, string pool, int tokens)
    {
        using var model = Load(preset, pool);
        Assert.Equal(tokens, (await Run(model, PruningMethods.None, 64, 6)).Tokens.Visual);
    }

    [Fact]
    public void A_model_without_a_choice_of_pooling_refuses_one() =>
        Assert.Contains("--pool average", Assert.Throws<ModelException>(() => Load(Qwen2, "average")).Message, StringComparison.Ordinal);

    [Fact]
    public async Task By_default_the_authors_number_of_frames_is_taken()
    {
        var video = fixture.Make("longer.mp4", seconds: 9, size: "32x32");
        async Task<AnswerReport> Ask(string preset)
        {
            using var model = Load(preset);
            return await fixture.RunOnAsync(model, fixture.Ask(maxTokens: 1) with { VideoPath = video, Sampling = new SamplingRequest() });
        }
        Assert.Equal(64, (await Ask(LlavaVideo)).Video.SampledFrames);
        // Two per second.
        Assert.Equal(18, (await Ask(Qwen2)).Video.SampledFrames);
    }

    [Fact]
    public async Task A_video_of_too_odd_a_shape_is_refused()
    {
        using var model = Load(Qwen2);
        var video = fixture.Make("flat.mp4", seconds: 0.5, size: "64x16");
        var error = await Assert.ThrowsAsync<JobException>(() => fixture.RunOnAsync(model, fixture.Ask(frames: 2) with { VideoPath = video }));
        Assert.True(error.IsUsersMistake);
        Assert.Contains("a picture of 64 x 16 is not supported", error.Message, StringComparison.Ordinal);
    }

    private Task<AnswerReport> Run(LoadedModel model, string method, int chunkFrames, int frames = 7) =>
        fixture.RunOnAsync(model, fixture.Ask(frames, maxTokens: 4) with
        {
            ChunkFrames = chunkFrames,
            Pruning = new PruningRequest { Method = method, Budget = 0.3 },
        });

    private LoadedModel Load(string preset, string? pool = null) => fixture.Load(CheckpointPreset.Parse(preset), pool);
}
