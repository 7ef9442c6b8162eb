using HieraVid.Video;

namespace HieraVid.Pipeline.Jobs;

/// <summary>Consecutive samples of a plan: the unit that one worker decodes and encodes.</summary>
/// <param name="Index">From 0.</param>
/// <param name="FirstSample">Position of its first sample in the plan.</param>
/// <param name="Count">Samples in it.</param>
public sealed record Chunk(int Index, int FirstSample, int Count)
{
    /// <summary>Cuts a number of samples into chunks, in order.</summary>
    /// <param name="samples">Samples in the plan.</param>
    /// <param name="chunkFrames">Most samples in a chunk.</param>
    public static IReadOnlyList<Chunk> Split(int samples, int chunkFrames) =>
        [.. Enumerable.Range(0, (samples + chunkFrames - 1) / chunkFrames).Select(i =>
            new Chunk(i, i * chunkFrames, Math.Min(chunkFrames, samples - i * chunkFrames)))];

    /// <summary>The chunk's part of a plan.</summary>
    public SamplingPlan Of(SamplingPlan plan) => plan with
    {
        FrameIndices = plan.FrameIndices[FirstSample..(FirstSample + Count)],
        TimesSeconds = plan.TimesSeconds[FirstSample..(FirstSample + Count)],
    };
}
