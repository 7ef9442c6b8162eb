using HieraVid.Models;
using HieraVid.Models.Checkpoints;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using HieraVid.Pruning;
using HieraVid.Video;

namespace HieraVid.Pipeline.Tests.Running;

/// <summary>HieraVid inside a whole job, on a random model of eight layers.</summary>
[Collection(nameof(WithTensors))]
public sealed class PrunedRunnerTests : IDisposable
{
    private readonly RunnerFixture _fixture;
    private readonly LoadedModel _model;

    public PrunedRunnerTests(RunnerFixture fixture)
    {
        _fixture = fixture;
        _model = fixture.Load(CheckpointPreset.Tiny);
    }

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData(0.3)]
    [InlineData(0.1)]
    public async Task The_answer_and_what_is_kept_do_not_depend_on_the_chunks(double budget)
    {
        var reference = await Run(budget, chunkFrames: 64);
        foreach (var chunkFrames in new[] { 1, 3, 5 })
        {
            var other = await Run(budget, chunkFrames);
            Assert.Equal(reference.Answer, other.Answer);
            Assert.Equivalent(reference.Tokens, other.Tokens, strict: true);
            var (facts, others) = (reference.Pruning!(), other.Pruning!());
            Assert.Equal(facts.LeftAt, others.LeftAt);
            Assert.Equal(facts.MergedInto, others.MergedInto);
            Assert.Equal(facts.Similarity, others.Similarity);
        }
    }

    [Fact]
    public async Task Budget_one_gives_the_unpruned_answer()
    {
        var pruned = await Run(1, 64);
        var plain = await Run(0.3, 64, PruningMethods.None);
        Assert.Equal(plain.Answer, pruned.Answer);
        Assert.Equal((1, 1), (pruned.Flops.Ratio, pruned.Tokens.AverageRetention));
        Assert.Empty(pruned.Segments);
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(0.2)]
    [InlineData(0.1)]
    [InlineData(0.5)]
    public async Task Counts_segments_and_flops_agree(double budget)
    {
        var report = await Run(budget, 64);
        var perLayer = report.Tokens.PerLayer;
        Assert.Equal(8, perLayer.Count);
        Assert.Equal(perLayer.OrderDescending(), perLayer);
        Assert.Equal(report.Tokens.AfterMerge, perLayer[0]);
        // Truncated counts keep a little less than asked; the score of a segment moves its share by a tenth per deviation.
        Assert.InRange(report.Tokens.AverageRetention, budget * 0.85, budget * 1.15);
        Assert.InRange(report.Flops.Ratio, 0, budget * 1.25);
        var facts = report.Pruning!();
        Assert.Equal([PruningRule.Merge, PruningRule.Spread, PruningRule.Dpp, PruningRule.Dpp], facts.Stages.Select(stage => stage.Rule));
        for (var stage = 0; stage < facts.Stages.Count; stage++)
        {
            Assert.Equal(facts.Stages[stage].After, report.Segments.Sum(segment => segment.Kept[stage]));
            Assert.Equal(facts.Stages[stage].Before, facts.LeftAt.Count(left => left < 0 || left >= stage));
        }
        Assert.Equal((12 * 196) - report.Tokens.AfterMerge, facts.MergedInto.Count(holder => holder >= 0));
        Assert.Equal(0, report.Segments[0].FirstFrame);
        Assert.Equal(11, report.Segments[^1].LastFrame);
    }

    [Fact]
    public async Task A_model_with_too_few_layers_prunes_nothing_unless_told_to()
    {
        var request = _fixture.Ask() with { Pruning = new PruningRequest() };
        var report = await _fixture.RunAsync(request);
        Assert.Equal("none", report.Method);
        Assert.Contains("cannot carry", Assert.Single(report.Notes), StringComparison.Ordinal);
        var told = request with { Pruning = new PruningRequest { Method = PruningMethods.HieraVid } };
        var refused = await Assert.ThrowsAsync<JobException>(() => _fixture.RunAsync(told));
        Assert.True(refused.IsUsersMistake);
        Assert.Contains("3 layers", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("color=black")]
    [InlineData("color=white")]
    public async Task A_video_of_one_colour_is_one_segment(string source)
    {
        var path = _fixture.Make($"{source}.mp4", seconds: 1, source: source);
        var report = await Run(0.3, 64, video: path);
        Assert.Single(report.Segments);
        Assert.Equal(0, report.Segments[0].Score);
        Assert.True(report.Tokens.PerLayer[^1] > 0);
    }

    [Fact]
    public async Task One_frame_is_pruned_in_the_layers_only()
    {
        var report = await Run(0.3, 64, frames: 1);
        Assert.Equal(196, report.Tokens.AfterMerge);
        Assert.InRange(report.Tokens.PerLayer[^1], 1, 195);
    }

    [Fact]
    public async Task What_the_window_has_no_room_for_leaves_in_a_stage_of_its_own()
    {
        var folder = Path.Combine(_fixture.Folder, "narrow-900");
        RandomCheckpoint.Create(folder, CheckpointPreset.Tiny, seed: 3);
        var config = Path.Combine(folder, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("32768", "900", StringComparison.Ordinal));
        using var model = LoadedModel.Load(folder, Compute.Reference);
        var report = await Run(0.3, 64, model: model);
        var facts = report.Pruning!();
        Assert.Equal([PruningRule.Merge, PruningRule.Window, PruningRule.Spread, PruningRule.Dpp, PruningRule.Dpp], facts.Stages.Select(stage => stage.Rule));
        var window = facts.Stages[1];
        Assert.InRange(window.After, 1, 900);
        Assert.Equal(report.Tokens.AfterMerge, window.After);
        Assert.Equal((window.Before, window.After), (window.Pieces.Sum(piece => piece.Count), window.Pieces.Sum(piece => piece.Keep)));
        for (var stage = 0; stage < facts.Stages.Count; stage++)
        {
            Assert.Equal(facts.Stages[stage].Before, facts.LeftAt.Count(left => left < 0 || left >= stage));
            Assert.Equal(facts.Stages[stage].After, facts.LeftAt.Count(left => left < 0 || left > stage));
        }
        Assert.All(facts.MergedInto.Zip(facts.LeftAt), token => Assert.Equal(token.First >= 0, token.Second == 0));
    }

    private Task<AnswerReport> Run(
        double budget, int chunkFrames, string? method = null, string? video = null, int? frames = null,
        LoadedModel? model = null)
    {
        var request = new JobRequest
        {
            VideoPath = video ?? _fixture.Video,
            Question = "What is moving?",
            Sampling = new SamplingRequest(frames),
            Generation = new GenerationRequest(MaxTokens: 8),
            Pruning = new PruningRequest { Method = method, Budget = budget },
            ChunkFrames = chunkFrames,
        };
        return new LocalRunner(model ?? _model, VideoLimits.Default, _fixture.Storing).RunAsync(request);
    }
}
