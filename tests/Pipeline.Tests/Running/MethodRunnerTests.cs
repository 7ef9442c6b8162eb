using HieraVid.Models;
using HieraVid.Models.Checkpoints;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using HieraVid.Pruning;
using HieraVid.Video;

namespace HieraVid.Pipeline.Tests.Running;

/// <summary>Every method in a whole job, on a random model of eight layers.</summary>
[Collection(nameof(WithTensors))]
public sealed class MethodRunnerTests : IDisposable
{
    private readonly RunnerFixture _fixture;
    private readonly LoadedModel _model;

    public MethodRunnerTests(RunnerFixture fixture)
    {
        _fixture = fixture;
        _model = fixture.Load(CheckpointPreset.Tiny);
    }

    public static TheoryData<string> Names() => [.. PruningMethods.Names];

    public void Dispose() => _model.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_method_answers_within_its_budget_whatever_the_chunks(string name)
    {
        var whole = await Run(name, chunkFrames: 64);
        var cut = await Run(name, chunkFrames: 5);
        Assert.Equal(whole.Answer, cut.Answer);
        Assert.Equivalent(whole.Tokens, cut.Tokens, strict: true);
        Assert.Equal(name, whole.Method);
        Assert.Equal(whole.Tokens.PerLayer.OrderDescending(), whole.Tokens.PerLayer);
        if (name is not (PruningMethods.None or "streamingllm"))
        {
            Assert.InRange(whole.Tokens.AverageRetention, 0.05, 0.3 * 1.2 + 2.0 / whole.Tokens.PerLayer.Count);
            Assert.InRange(whole.Flops.Ratio, 0, 0.7);
        }
        Assert.Equal(name == PruningMethods.FastVid, whole.Notes.Any(note => note.Contains("pooling head", StringComparison.Ordinal)));
    }

    private Task<AnswerReport> Run(string method, int chunkFrames) => new LocalRunner(_model, VideoLimits.Default, _fixture.Storing).RunAsync(new JobRequest
    {
        VideoPath = _fixture.Video,
        Question = "What is moving?",
        Sampling = new SamplingRequest(Frames: 12),
        Generation = new GenerationRequest(MaxTokens: 4),
        Pruning = new PruningRequest { Method = method, Budget = 0.3 },
        ChunkFrames = chunkFrames,
    }, cancellation: TestContext.Current.CancellationToken);
}
