using HieraVid.Models;
using HieraVid.Models.Checkpoints;
using HieraVid.Pipeline.Blobs;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using HieraVid.Pipeline.Sources;
using HieraVid.Pipeline.Stages;
using HieraVid.Pipeline.Tests.Running;
using HieraVid.Pruning;
using HieraVid.Video;

namespace HieraVid.Pipeline.Tests.Stages;

/// <summary>The stages as a cluster runs them, in any order and on several devices, against the in-process runner.</summary>
[Collection(nameof(WithTensors))]
public sealed class StagesTests : IDisposable
{
    private readonly RunnerFixture _fixture;
    private readonly LoadedModel _model;

    public StagesTests(RunnerFixture fixture)
    {
        _fixture = fixture;
        _model = fixture.Load(CheckpointPreset.Tiny);
    }

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData(PruningMethods.HieraVid, 1)]
    [InlineData(PruningMethods.HieraVid, 3)]
    [InlineData(PruningMethods.HieraVid, 64)]
    [InlineData(PruningMethods.FastVid, 4)]
    [InlineData("holitom", 3)]
    [InlineData("framefusion", 5)]
    [InlineData(PruningMethods.None, 3)]
    public async Task Any_order_on_two_devices_gives_the_answer_of_one_machine(string method, int chunkFrames)
    {
        var request = Ask(method, chunkFrames);
        var alone = await new LocalRunner(_model, VideoLimits.Default, _fixture.Storing).RunAsync(request, cancellation: TestContext.Current.CancellationToken);
        var spread = await SpreadAsync(request, new Random(chunkFrames), twice: false);
        Assert.Equal(alone.Answer, spread.Answer);
        Assert.Equal(alone.KeptTokens, spread.KeptTokens);
        Assert.Equivalent(alone.Tokens, spread.Tokens, strict: true);
        Assert.Equal(alone.Segments.Select(segment => segment.Score), spread.Segments.Select(segment => segment.Score));
        Assert.Equal(alone.Notes, spread.Notes);
    }

    [Fact]
    public async Task Work_that_is_done_twice_and_tokens_that_left_the_device_change_nothing()
    {
        var request = Ask(PruningMethods.HieraVid, 3);
        var once = await SpreadAsync(request, new Random(1), twice: false);
        var twice = await SpreadAsync(request, new Random(2), twice: true);
        Assert.Equal(once.Answer, twice.Answer);
        Assert.Equal(once.KeptTokens, twice.KeptTokens);
    }

    private JobRequest Ask(string method, int chunkFrames) => _fixture.Ask(frames: 11) with
    {
        ChunkFrames = chunkFrames,
        Pruning = new PruningRequest { Method = method, Budget = 0.3 },
    };

    private async Task<Pipeline.AnswerReport> SpreadAsync(JobRequest request, Random random, bool twice)
    {
        var cancel = TestContext.Current.CancellationToken;
        var blobs = new FolderBlobs(Path.Combine(_fixture.Folder, Guid.NewGuid().ToString("N")));
        // Without room every chunk that is not in use leaves the device at once.
        using var shelf = new VideoShelf(blobs, _fixture.Folder, long.MaxValue);
        using var web = new UrlFetcher(new UrlRules());
        using var first = new TokenCache(twice ? 0 : long.MaxValue);
        using var second = new TokenCache(0);
        TokenStages[] devices = [new(_model, first), new(_model, second)];
        var answering = new AnswerStages(_model);
        var job = new OpenJob("one", blobs);
        job.Blocks.Write(JobBlocks.Request, request);
        AnswerReport? report = null;
        var state = JobMachine.Step(new JobState(), new JobEvent.Accepted()).State;
        while (!state.IsOver)
        {
            var outstanding = JobMachine.Outstanding(state);
            var command = outstanding[random.Next(outstanding.Count)];
            if (twice)
                await DoAsync(command);
            state = JobMachine.Step(state, await DoAsync(command)).State;
        }
        job.Blocks.Clear();
        Assert.Equal(["jobs/one/result.json"], blobs.List("jobs").Select(file => file.Name));
        return report!;

        async Task<JobEvent> DoAsync(JobCommand command)
        {
            var device = devices[random.Next(2)];
            switch (command)
            {
                case JobCommand.Probe:
                    await VideoStages.ProbeAsync(job, shelf, web, VideoLimits.Default, _ => { }, cancel);
                    return new JobEvent.Probed([.. answering.Cut(job, VideoLimits.Default)]);
                case JobCommand.EncodeChunk encode:
                    await VideoStages.DecodeAsync(job, encode.Chunk, shelf, VideoLimits.Default, cancel);
                    return new JobEvent.ChunkEncoded(encode.Chunk.Index, encode.Chunk.Count - device.Encode(job, encode.Chunk, cancel));
                case JobCommand.SummariseChunk summarise:
                    device.Summarise(job, summarise);
                    return new JobEvent.ChunkSummarised(summarise.Index);
                case JobCommand.Plan:
                    return new JobEvent.Planned([.. answering.Plan(job)]);
                case JobCommand.ApplyPiece apply:
                    device.Apply(job, apply);
                    return new JobEvent.PieceApplied(apply.Index);
                default:
                    report = answering.Answer(job, _ => { }, _ => { }, cancel);
                    return new JobEvent.Answered();
            }
        }
    }
}
