using System.Text.Json.Serialization;

namespace HieraVid.Pipeline;

/// <summary>An answer with everything that was done for it: the object that <c>--json</c> prints.</summary>
public sealed record AnswerReport
{
    /// <summary>The answer, trimmed.</summary>
    public required string Answer { get; init; }

    /// <summary><c>stop</c> (the model ended it) or <c>length</c> (the token limit did).</summary>
    public required string Finish { get; init; }

    /// <summary>The video and what was sampled from it.</summary>
    public required VideoReport Video { get; init; }

    /// <summary>Token counts.</summary>
    public required TokenReport Tokens { get; init; }

    /// <summary>
    /// SHA-256 of the kept tokens' original indices (ascending, 32-bit little-endian) at the input and at each layer that
    /// prunes: equal in two runs that kept the same tokens.
    /// </summary>
    public required IReadOnlyDictionary<string, string> KeptTokens { get; init; }

    /// <summary>How the work was cut.</summary>
    public required ChunkReport Chunks { get; init; }

    /// <summary>Where the time went.</summary>
    public required TimingReport Timing { get; init; }

    /// <summary>The largest resident memory of the process, weights included.</summary>
    public required long PeakMemoryBytes { get; init; }

    /// <summary><c>cpu</c> or <c>cuda:N</c>.</summary>
    public required string Device { get; init; }

    /// <summary><c>bf16</c>, <c>f32</c> or <c>f16</c>.</summary>
    public required string Dtype { get; init; }

    /// <summary>The model's folder.</summary>
    public required string Model { get; init; }

    /// <summary>The pruning method.</summary>
    public required string Method { get; init; }

    /// <summary>The asked mean share of visual tokens per layer; 1 without pruning.</summary>
    public required double Budget { get; init; }

    /// <summary>The prefill's cost by the papers' yardstick.</summary>
    public required FlopsReport Flops { get; init; }

    /// <summary>The semantic segments; empty without pruning.</summary>
    public required IReadOnlyList<SegmentReport> Segments { get; init; }

    /// <summary>
    /// Puts together what happened to every token, for the HTML report. Made when asked for: only a report needs it, and of
    /// an hour it is some 20 MB. Null where the answer came from elsewhere.
    /// </summary>
    [JsonIgnore]
    public Func<PruningReport>? Pruning { get; init; }

    /// <summary>The seed of sampled generation.</summary>
    public required int Seed { get; init; }

    /// <summary>What the reader must know: fewer frames than asked for, a video that broke off. Empty if nothing.</summary>
    public required IReadOnlyList<string> Notes { get; init; }
}

/// <summary>The video and what was sampled from it.</summary>
/// <param name="DurationSeconds">Its length.</param>
/// <param name="Width">Width of a frame as shown.</param>
/// <param name="Height">Height of a frame as shown.</param>
/// <param name="Fps">Average frames per second.</param>
/// <param name="SampledFrames">Frames that the model saw.</param>
/// <param name="SampledTimes">When each is shown, in seconds, by the container's clock.</param>
public sealed record VideoReport(
    double DurationSeconds, int Width, int Height, double Fps, int SampledFrames, IReadOnlyList<double> SampledTimes);

/// <summary>Token counts.</summary>
/// <param name="Visual">Visual tokens of the video before pruning, newline tokens included.</param>
/// <param name="Text">Text tokens in the prompt, the chat template's included.</param>
/// <param name="Generated">Tokens of the answer.</param>
/// <param name="AfterMerge">Visual tokens that enter the decoder, newline tokens not counted.</param>
/// <param name="PerLayer">Visual tokens that each layer's feed-forward network works on, newline tokens not counted.</param>
/// <param name="AverageRetention">Mean of <paramref name="PerLayer"/> over the visual tokens without pruning.</param>
public sealed record TokenReport(
    int Visual, int Text, int Generated, int AfterMerge, IReadOnlyList<int> PerLayer, double AverageRetention);

/// <summary>How the work was cut.</summary>
/// <param name="Count">Chunks of consecutive frames.</param>
/// <param name="Frames">Most frames in a chunk.</param>
/// <param name="Reused">Chunks that an earlier run had encoded.</param>
public sealed record ChunkReport(int Count, int Frames, int Reused);

/// <summary>FLOPs of the prefill by Eq. 12 of the HieraVid paper, which counts visual tokens only.</summary>
/// <param name="Vanilla">Without pruning.</param>
/// <param name="Pruned">With the tokens that were really there.</param>
/// <param name="Ratio">The second over the first.</param>
public sealed record FlopsReport(double Vanilla, double Pruned, double Ratio);

/// <summary>Seconds. The stages follow each other, so they add up to the total.</summary>
public sealed record TimingReport
{
    /// <summary>Loading the model; not part of <see cref="Total"/>.</summary>
    public double Load { get; init; }

    /// <summary>Looking at the video.</summary>
    public double Probe { get; init; }

    /// <summary>Waiting for decoded frames. Decoding goes on while the model encodes; only what that doesn't hide counts.</summary>
    public double Decode { get; init; }

    /// <summary>Vision tower, projector and pooling.</summary>
    public double Encode { get; init; }

    /// <summary>Deciding which tokens to keep, at the input and inside the decoder; not part of the other stages.</summary>
    public double Prune { get; init; }

    /// <summary>The decoder over the whole prompt.</summary>
    public double Prefill { get; init; }

    /// <summary>From the job's start, with the model loaded, to the answer's first token.</summary>
    public double TimeToFirstToken { get; init; }

    /// <summary>All tokens after the first.</summary>
    public double Generate { get; init; }

    /// <summary>From the job's start, with the model loaded, to the answer's end.</summary>
    public double Total { get; init; }
}
