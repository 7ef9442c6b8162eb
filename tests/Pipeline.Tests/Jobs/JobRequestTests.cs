using HieraVid.Pipeline.Jobs;

namespace HieraVid.Pipeline.Tests.Jobs;

public class JobRequestTests
{
    private static readonly JobRequest s_good = new() { VideoPath = "a.mp4", Question = "What?" };

    public static TheoryData<string, JobRequest> Bad => new()
    {
        { "path", s_good with { VideoPath = "" } },
        { "question", s_good with { Question = "" } },
        { "question", s_good with { Question = " \n\t" } },
        { "100,000 characters", s_good with { Question = new string('x', 100_000) } },
        { "--frames 0", s_good with { Sampling = new SamplingRequest(Frames: 0) } },
        { "--frames -1", s_good with { Sampling = new SamplingRequest(Frames: -1) } },
        { "--fps 0", s_good with { Sampling = new SamplingRequest(Fps: 0) } },
        { "--fps -0.5", s_good with { Sampling = new SamplingRequest(Fps: -0.5) } },
        { "--fps NaN", s_good with { Sampling = new SamplingRequest(Fps: double.NaN) } },
        { "--fps", s_good with { Sampling = new SamplingRequest(Fps: double.PositiveInfinity) } },
        { "--fps 1001", s_good with { Sampling = new SamplingRequest(Fps: 1001) } },
        { "--frames and --fps", s_good with { Sampling = new SamplingRequest(8, 1) } },
        { "--chunk-frames 0", s_good with { ChunkFrames = 0 } },
        { "--chunk-frames 65", s_good with { ChunkFrames = 65 } },
        { "--max-tokens 0", s_good with { Generation = new GenerationRequest(MaxTokens: 0) } },
        { "--max-tokens -5", s_good with { Generation = new GenerationRequest(MaxTokens: -5) } },
        { "--temperature -1", s_good with { Generation = new GenerationRequest(Temperature: -1) } },
        { "--temperature NaN", s_good with { Generation = new GenerationRequest(Temperature: double.NaN) } },
        { "--temperature", s_good with { Generation = new GenerationRequest(Temperature: double.PositiveInfinity) } },
        { "--top-p 0", s_good with { Generation = new GenerationRequest(TopP: 0) } },
        { "--top-p 1.5", s_good with { Generation = new GenerationRequest(TopP: 1.5) } },
        { "--top-p NaN", s_good with { Generation = new GenerationRequest(TopP: double.NaN) } },
        { "--repetition-penalty 0", s_good with { Generation = new GenerationRequest(RepetitionPenalty: 0) } },
        { "--repetition-penalty NaN", s_good with { Generation = new GenerationRequest(RepetitionPenalty: double.NaN) } },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void A_bad_value_is_named_in_one_sentence(string named, JobRequest request)
    {
        var e = Assert.Throws<JobException>(request.Validate);
        Assert.True(e.IsUsersMistake);
        Assert.Contains(named, e.Message, StringComparison.Ordinal);
        Assert.EndsWith(".", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    public static TheoryData<JobRequest> Good => [
        s_good,
        s_good with { Question = new string('x', JobRequest.MaxQuestionLength) },
        s_good with { Sampling = new SamplingRequest(Frames: 1) },
        s_good with { Sampling = new SamplingRequest(Fps: 1000) },
        s_good with { Sampling = new SamplingRequest(Fps: 0.001) },
        s_good with { ChunkFrames = 1 },
        s_good with { Generation = new GenerationRequest(1, 2.5, 0.01, 1.2, -7) },
    ];

    [Theory]
    [MemberData(nameof(Good))]
    public void A_good_request_passes(JobRequest request) => Assert.Null(Record.Exception(request.Validate));
}
