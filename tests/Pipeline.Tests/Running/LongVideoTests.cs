using HieraVid.Models;
using HieraVid.Models.Checkpoints;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using HieraVid.Pipeline.Tokens;
using HieraVid.Pruning;
using HieraVid.Video;

namespace HieraVid.Pipeline.Tests.Running;

/// <summary>More video than the window holds: here a window of 700 positions and frames of 196 tokens.</summary>
[Collection(nameof(WithTensors))]
public sealed class LongVideoTests : IDisposable
{
    private const int Window = 700;

    private readonly RunnerFixture _fixture;
    private readonly LoadedModel _model;
    private readonly string _folder;
    private readonly TokenStore _store;

    public LongVideoTests(RunnerFixture fixture)
    {
        _fixture = fixture;
        var folder = Path.Combine(fixture.Folder, "narrow");
        var tiny = CheckpointPreset.Tiny;
        var narrow = tiny with { Config = tiny.Config with { Text = tiny.Config.Text with { MaxPositions = Window } } };
        if (!Directory.Exists(folder))
            RandomCheckpoint.Create(folder, narrow, seed: 3);
        _model = LoadedModel.Load(folder, Compute.Reference);
        _folder = Path.Combine(fixture.Folder, Guid.NewGuid().ToString("N"));
        _store = new TokenStore(_folder, TokenStore.DefaultLimitBytes);
    }

    public void Dispose() => _model.Dispose();

    [Fact]
    public async Task The_window_is_filled_and_kept_whatever_the_cutting()
    {
        var whole = await RunAsync(Ask(chunkFrames: 64));
        Assert.Equal((12 * 196) + 1, whole.Tokens.Visual);
        Assert.Equal(Window - 8, whole.Tokens.AfterMerge + whole.Tokens.Text + 1);
        foreach (var chunkFrames in new[] { 1, 4, 5, 11 })
        {
            var other = await RunAsync(Ask(chunkFrames));
            Assert.Equal(whole.KeptTokens, other.KeptTokens);
            Assert.Equal(whole.Answer, other.Answer);
            Assert.Equal((12 + chunkFrames - 1) / chunkFrames, other.Chunks.Count);
        }
    }

    [Fact]
    public async Task Without_pruning_it_is_refused_before_any_work()
    {
        var events = new List<JobProgress>();
        var request = Ask() with { Pruning = new PruningRequest { Method = PruningMethods.None } };
        var refused = await Assert.ThrowsAsync<JobException>(() => RunAsync(request, onProgress: events.Add));
        Assert.True(refused.IsUsersMistake);
        Assert.Contains("12 frames of 196 tokens", refused.Message, StringComparison.Ordinal);
        Assert.Contains("the model has 700", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(events, progress => progress.Stage > JobStage.Probe);
    }

    [Fact]
    public async Task A_rate_beyond_the_ceiling_is_refused_with_the_numbers()
    {
        var request = Ask() with { Sampling = new SamplingRequest(Fps: 10) };
        var limits = VideoLimits.Default with { Samples = 5 };
        var refused = await Assert.ThrowsAsync<JobException>(() =>
            new LocalRunner(_model, limits, new StoreUse(_store)).RunAsync(request));
        Assert.Contains("--fps 10", refused.Message, StringComparison.Ordinal);
        Assert.Contains("at most 5 frames", refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder));
    }

    [Fact]
    public async Task A_job_that_ends_well_leaves_nothing_in_the_store()
    {
        await RunAsync(Ask(chunkFrames: 4));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_job_that_was_ended_goes_on_from_its_finished_chunks(int finished)
    {
        var uninterrupted = await RunAsync(Ask(chunkFrames: 4));
        await EndAfterAsync(finished);
        var resumed = await RunAsync(Ask(chunkFrames: 4), resume: true);
        Assert.Equal(finished, resumed.Chunks.Reused);
        Assert.Equal(uninterrupted.KeptTokens, resumed.KeptTokens);
        Assert.Equal(uninterrupted.Answer, resumed.Answer);
    }

    [Fact]
    public async Task Another_question_uses_the_tokens_that_were_kept()
    {
        await RunAsync(Ask(chunkFrames: 4), keep: true);
        var other = Ask(chunkFrames: 4) with { Question = "Which colour is it?", Pruning = new PruningRequest { Budget = 0.1 } };
        Assert.Equal(3, (await RunAsync(other, resume: true, keep: true)).Chunks.Reused);
        Assert.Equal(3, (await RunAsync(other, resume: true)).Chunks.Reused);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public async Task Damaged_missing_and_foreign_chunks_are_made_again()
    {
        var plain = await RunAsync(Ask(chunkFrames: 2), keep: true);
        var files = Directory.GetFiles(Assert.Single(Directory.GetDirectories(_folder)), "*.safetensors").Order().ToArray();
        Assert.Equal(6, files.Length);
        var bytes = File.ReadAllBytes(files[1]);
        bytes[^5] ^= 1;
        File.WriteAllBytes(files[1], bytes);
        File.Delete(files[2]);
        File.Copy(files[0], files[3], overwrite: true);
        File.WriteAllText(files[5], "not a block");
        var resumed = await RunAsync(Ask(chunkFrames: 2), resume: true);
        Assert.Equal(2, resumed.Chunks.Reused);
        Assert.Equal(plain.KeptTokens, resumed.KeptTokens);
        Assert.Equal(plain.Answer, resumed.Answer);
    }

    [Fact]
    public async Task Tokens_of_another_cutting_video_or_precision_are_not_used()
    {
        await RunAsync(Ask(chunkFrames: 4), keep: true);
        Assert.Equal(0, (await RunAsync(Ask(chunkFrames: 3), resume: true)).Chunks.Reused);
        var other = _fixture.Make("other.mp4", seconds: 1.2, source: "testsrc");
        Assert.Equal(0, (await RunAsync(Ask(chunkFrames: 4) with { VideoPath = other }, resume: true)).Chunks.Reused);
        using var half = LoadedModel.Load(_model.Folder, Compute.Parse("cpu", "bf16"));
        var report = await new LocalRunner(half, VideoLimits.Default, new StoreUse(_store, Resume: true)).RunAsync(Ask(chunkFrames: 4));
        Assert.Equal(0, report.Chunks.Reused);
        Assert.Contains(report.Notes, note => note.Contains("begun anew", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_runs_of_one_job_do_not_disturb_each_other()
    {
        var alone = await RunAsync(Ask(chunkFrames: 2));
        AnswerReport? inner = null;
        JobException? refused = null;
        var outer = await RunAsync(Ask(chunkFrames: 2), onProgress: progress =>
        {
            if (inner is not null || progress.Stage != JobStage.Encode || progress.Done < 6)
                return;
            inner = RunAsync(Ask(chunkFrames: 2)).GetAwaiter().GetResult();
            refused = Assert.Throws<JobException>(() => RunAsync(Ask(chunkFrames: 2), resume: true).GetAwaiter().GetResult());
        });
        Assert.Equal(alone.Answer, outer.Answer);
        Assert.Equal(alone.Answer, inner!.Answer);
        Assert.Contains("Another run of this job is at work", refused!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_without_room_is_refused_before_any_work_with_the_numbers()
    {
        var events = new List<JobProgress>();
        var refused = await Assert.ThrowsAsync<JobException>(() => new LocalRunner(_model, VideoLimits.Default,
            new StoreUse(_store with { LimitBytes = 1_000_000 })).RunAsync(Ask(chunkFrames: 4), events.Add));
        Assert.True(refused.IsUsersMistake);
        Assert.Contains("may hold 0.001 GB", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
        Assert.DoesNotContain(events, progress => progress.Stage > JobStage.Probe);
    }

    [Fact]
    public async Task A_store_that_cannot_be_written_is_named()
    {
        var file = Path.Combine(_fixture.Folder, "occupied");
        File.WriteAllText(file, "");
        var refused = await Assert.ThrowsAsync<JobException>(() => new LocalRunner(_model, VideoLimits.Default,
            new StoreUse(new TokenStore(file, TokenStore.DefaultLimitBytes))).RunAsync(Ask(chunkFrames: 4)));
        Assert.True(refused.IsUsersMistake);
        Assert.Contains($"The token store {file} cannot be used", refused.Message, StringComparison.Ordinal);
        Assert.Contains("--store", refused.Message, StringComparison.Ordinal);
    }

    private async Task EndAfterAsync(int chunks)
    {
        using var cancel = new CancellationTokenSource();
        var cancelled = await Assert.ThrowsAsync<JobCancelledException>(() => RunAsync(Ask(chunkFrames: 4), onProgress: progress =>
        {
            if (progress.Stage == JobStage.Decode && progress.Done > chunks * 4)
                cancel.Cancel();
        }, cancellation: cancel.Token));
        Assert.Contains($"{chunks} of 3 chunks are kept", cancelled.Message, StringComparison.Ordinal);
    }

    private JobRequest Ask(int chunkFrames = 64) => new()
    {
        VideoPath = _fixture.Video,
        Question = "What is moving?",
        Sampling = new SamplingRequest(Frames: 12),
        Generation = new GenerationRequest(MaxTokens: 8),
        ChunkFrames = chunkFrames,
    };

    private Task<AnswerReport> RunAsync(
        JobRequest request, bool resume = false, bool keep = false, Action<JobProgress>? onProgress = null,
        CancellationToken cancellation = default) =>
        new LocalRunner(_model, VideoLimits.Default, new StoreUse(_store, resume, keep)).RunAsync(request, onProgress, cancellation: cancellation);
}
