using HieraVid.Pipeline.Blobs;
using HieraVid.Pipeline.Jobs;
using HieraVid.Torch;
using HieraVid.Video;
using static TorchSharp.torch;

namespace HieraVid.Pipeline.Stages;

/// <summary>The stages that need no model: looking at the video and decoding its chunks.</summary>
internal static class VideoStages
{
    /// <summary>Before the name of a video that was uploaded to the store.</summary>
    internal const string StorePrefix = "store:";

    // They come into one list anyway.
    private const int BatchFrames = 8;

    /// <summary>Looks at the video.</summary>
    internal static async Task ProbeAsync(OpenJob job, VideoShelf shelf, VideoLimits limits, CancellationToken cancellation)
    {
        var request = job.Blocks.Read<JobRequest>(JobBlocks.Request);
        request.Validate();
        using var file = await OpenAsync(request, shelf, cancellation).ConfigureAwait(false);
        job.Blocks.Write(JobBlocks.Video, await VideoProbe.ProbeAsync(file?.Path ?? request.VideoPath, limits, cancellation).ConfigureAwait(false));
    }

    /// <summary>Decodes a chunk and leaves its frames for a device to encode; nothing is done where they or their tokens are there.</summary>
    internal static async Task DecodeAsync(OpenJob job, Chunk chunk, VideoShelf shelf, VideoLimits limits, CancellationToken cancellation)
    {
        var (blocks, sheet, name) = (job.Blocks, job.Sheet(), JobBlocks.Part(JobBlocks.Decoded, chunk.Index));
        if (blocks.TryRead<DecodedChunk>(name) is { } done
            && (done.Samples.Length == 0 || blocks.Has(JobBlocks.Tokens, chunk.Index) || blocks.Has(JobBlocks.Frames, chunk.Index)))
            return;
        var missing = new List<MissingRange>();
        Action<MissingFrames>? onMissing = sheet.Request.AllowPartial
            ? gaps => missing.AddRange(gaps.Gaps.Select(gap => gap with { FirstSample = chunk.FirstSample + gap.FirstSample }))
            : null;
        using var file = await OpenAsync(sheet.Request, shelf, cancellation).ConfigureAwait(false);
        var video = sheet.Video with { Path = file?.Path ?? sheet.Video.Path };
        var batches = new List<FrameBatch>();
        await foreach (var batch in FrameDecoder.DecodeAsync(video, chunk.Of(sheet.Plan), sheet.FrameSize, BatchFrames, limits,
            onMissing, cancellation).ConfigureAwait(false))
            batches.Add(batch);
        if (batches.Count > 0)
            WriteFrames(blocks, chunk.Index, batches, sheet.FrameSize);
        // Written last: who finds it finds the frames, too.
        blocks.Write(name, new DecodedChunk(
            [.. batches.SelectMany(batch => Enumerable.Range(chunk.FirstSample + batch.FirstSample, batch.Count))], missing));
    }

    // Null for a path that every silo sees by itself.
    private static async Task<LocalFile?> OpenAsync(JobRequest request, VideoShelf shelf, CancellationToken cancellation)
    {
        if (!request.VideoPath.StartsWith(StorePrefix, StringComparison.Ordinal))
            return null;
        try
        {
            return await shelf.FetchAsync(request.VideoPath[StorePrefix.Length..], cancellation).ConfigureAwait(false);
        }
        catch (FileNotFoundException e)
        {
            throw JobException.Bad(e.Message);
        }
    }

    private static void WriteFrames(JobBlocks blocks, int chunk, List<FrameBatch> batches, FrameSize size)
    {
        using var scope = NewDisposeScope();
        var frames = TensorData.Concatenate([.. batches.Select(batch => TensorData.From(batch.Rgb.Span, batch.Count, size.Height, size.Width, 3))]);
        blocks.Write(JobBlocks.Frames, chunk, new Dictionary<string, Tensor> { [JobBlocks.Frames] = frames });
    }
}
