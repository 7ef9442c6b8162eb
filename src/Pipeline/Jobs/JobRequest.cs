namespace HieraVid.Pipeline.Jobs;

/// <summary>One question about one video.</summary>
public sealed record JobRequest
{
    /// <summary>Longest question, in characters. It is some 4,000 tokens: more is a document, and the video needs the window.</summary>
    public const int MaxQuestionLength = 16_384;

    /// <summary>Highest sampling rate: no camera that writes video files is faster than some 1,000 frames per second.</summary>
    public const int MaxFps = 1000;

    /// <summary>The video file.</summary>
    public required string VideoPath { get; init; }

    /// <summary>The question, in the user's words.</summary>
    public required string Question { get; init; }

    /// <summary>Which frames are looked at.</summary>
    public SamplingRequest Sampling { get; init; } = new();

    /// <summary>How the answer is generated.</summary>
    public GenerationRequest Generation { get; init; } = new();

    /// <summary>How much of the video the decoder gets to see.</summary>
    public PruningRequest Pruning { get; init; } = new();

    /// <summary>Most sampled frames in a chunk, the unit of work that is done or done again as a whole.</summary>
    public int ChunkFrames { get; init; } = 64;

    /// <summary>Whether a video that breaks off is answered from what could be decoded.</summary>
    public bool AllowPartial { get; init; }

    /// <summary>Checks what can be checked without looking at the video.</summary>
    /// <exception cref="JobException">The question is empty or too long, or a number is out of range.</exception>
    public void Validate()
    {
        if (string.IsNullOrEmpty(VideoPath))
            throw JobException.Bad("The video's path is empty: name a video file.");
        if (string.IsNullOrWhiteSpace(Question))
            throw JobException.Bad("The question is empty: ask something about the video.");
        if (Question.Length > MaxQuestionLength)
        {
            throw JobException.Bad($"The question has {Question.Length:N0} characters and at most {MaxQuestionLength:N0} are taken: "
                + "shorten it.");
        }
        if (Sampling.Frames is < 1)
            throw JobException.Bad($"--frames {Sampling.Frames} is out of range: take at least 1 frame.");
        if (Sampling.Fps is { } fps && !(fps > 0 && fps <= MaxFps))
            throw JobException.Bad($"--fps {fps} is out of range: take a rate above 0 and at most {MaxFps}.");
        if (Sampling is { Frames: not null, Fps: not null })
            throw JobException.Bad("--frames and --fps are both given: take one of them.");
        if (ChunkFrames is < 1 or > 64)
            throw JobException.Bad($"--chunk-frames {ChunkFrames} is out of range: take 1 to 64.");
        Pruning.Validate();
        if (Generation.MaxTokens < 1)
            throw JobException.Bad($"--max-tokens {Generation.MaxTokens} is out of range: take at least 1.");
        if (!(Generation.Temperature >= 0 && double.IsFinite(Generation.Temperature)))
            throw JobException.Bad($"--temperature {Generation.Temperature} is out of range: take 0 (greedy) or more.");
        if (Generation.TopP is not (> 0 and <= 1))
            throw JobException.Bad($"--top-p {Generation.TopP} is out of range: take more than 0 and at most 1.");
        if (Generation.RepetitionPenalty is { } penalty && !(penalty > 0 && double.IsFinite(penalty)))
            throw JobException.Bad($"--repetition-penalty {penalty} is out of range: take a number above 0; 1 is off.");
    }
}

/// <summary>Which frames of the video are looked at. Nothing set: those that the model's authors take, 32 evenly spaced ones for LLaVA-OneVision.</summary>
/// <param name="Frames">This many evenly spaced frames.</param>
/// <param name="Fps">This many per second; not together with <paramref name="Frames"/>.</param>
public sealed record SamplingRequest(int? Frames = null, double? Fps = null);

/// <summary>How the answer is generated.</summary>
/// <param name="MaxTokens">At most this many tokens.</param>
/// <param name="Temperature">0 is greedy.</param>
/// <param name="TopP">Share of the probability that is drawn from; 1 is all.</param>
/// <param name="RepetitionPenalty">Null takes the checkpoint's, as the papers' harness does; 1 is off.</param>
/// <param name="Seed">The same seed gives the same answer.</param>
public sealed record GenerationRequest(
    int MaxTokens = 256, double Temperature = 0, double TopP = 1, double? RepetitionPenalty = null, int Seed = 0);
