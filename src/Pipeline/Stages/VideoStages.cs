using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using HieraVid.Torch;
using HieraVid.Video;
using static TorchSharp.torch;

namespace HieraVid.Pipeline.Stages;

/// <summary>The stages that need no model: looking at the video and decoding its chunks.</summary>
internal static class VideoStages
{
    /// <summary>Looks at the video.</summary>
    internal static async Task ProbeAsync(OpenJob job, VideoLimits limits, CancellationToken cancellation)
    {
        var request = job.Blocks.Read<JobRequest>(JobBlocks.Request);
        request.Validate();
        job.Blocks.Write(JobBlocks.Video, await VideoProbe.ProbeAsync(request.VideoPath, limits, cancellation).ConfigureAwait(false));
    }

    /// <summary>Decodes a chunk and leaves its frames for a device to encode; nothing is done where they or their tokens are there.</summary>
    internal static async Task DecodeAsync(OpenJob job, Chunk chunk, VideoLimits limits, CancellationToken cancellation)
    {
        var (blocks, sheet, name) = (job.Blocks, job.Sheet(), JobBlocks.Part(JobBlocks.Decoded, chunk.Index));
        if (blocks.TryRead<DecodedChunk>(name) is { } done
            && (done.Samples.Length == 0 || blocks.Has(JobBlocks.Tokens, chunk.Index) || blocks.Has(JobBlocks.Frames, chunk.Index)))
            return;
        var missing = new List<MissingRange>();
        Action<MissingFrames>? onMissing = sheet.Request.AllowPartial
            ? gaps => missing.AddRange(gaps.Gaps.Select(gap => gap with { FirstSample = chunk.FirstSample + gap.FirstSample }))
            : null;
        var batches = new List<FrameBatch>();
        await foreach (var batch in FrameDecoder.DecodeAsync(sheet.Video, chunk.Of(sheet.Plan), sheet.FrameSize, ChunkEncoder.BatchFrames,
            limits, onMissing, cancellation).ConfigureAwait(false))
            batches.Add(batch);
        if (batches.Count > 0)
            WriteFrames(blocks, chunk.Index, batches, sheet.FrameSize);
        // Written last: who finds it finds the frames, too.
        blocks.Write(name, new DecodedChunk(
            [.. batches.SelectMany(batch => Enumerable.Range(chunk.FirstSample + batch.FirstSample, batch.Count))], missing));
    }

    private static void WriteFrames(JobBlocks blocks, int chunk, List<FrameBatch> batches, FrameSize size)
    {
        using var scope = NewDisposeScope();
        var frames = TensorData.Concatenate([.. batches.Select(batch => TensorData.From(batch.Rgb.Span, batch.Count, size.Height, size.Width, 3))]);
        blocks.Write(JobBlocks.Frames, chunk, new Dictionary<string, Tensor> { [JobBlocks.Frames] = frames });
    }
}
