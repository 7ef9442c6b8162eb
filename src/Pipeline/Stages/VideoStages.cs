using HieraVid.Pipeline.Blobs;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Sources;
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

    /// <summary>Looks at the video; one that lies on the web is fetched into the store before.</summary>
    internal static async Task ProbeAsync(
        OpenJob job, VideoShelf shelf, UrlFetcher web, VideoLimits limits, Action<JobProgress> onProgress, CancellationToken cancellation)
    {
        var request = job.Blocks.Read<JobRequest>(JobBlocks.Request);
        request.Validate();
        if (VideoSource.AddressOf(request.VideoPath) is { } address)
            job.Blocks.Write(JobBlocks.Request, request = request with { VideoPath = await FetchAsync(address, shelf, web, onProgress, cancellation).ConfigureAwait(false) });
        job.Blocks.Write(JobBlocks.Video, await WithFileAsync(request, shelf,
            path => VideoProbe.ProbeAsync(path ?? request.VideoPath, limits, cancellation), cancellation).ConfigureAwait(false));
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
        var batches = await WithFileAsync(sheet.Request, shelf, async path =>
        {
            var decoded = new List<FrameBatch>();
            await foreach (var batch in FrameDecoder.DecodeAsync(sheet.Video with { Path = path ?? sheet.Video.Path }, chunk.Of(sheet.Plan), sheet.FrameSize,
                BatchFrames, limits, onMissing, cancellation).ConfigureAwait(false))
                decoded.Add(batch);
            return decoded;
        }, cancellation).ConfigureAwait(false);
        if (batches.Count > 0)
            WriteFrames(blocks, chunk.Index, batches, sheet.FrameSize);
        // Written last: who finds it finds the frames, too.
        blocks.Write(name, new DecodedChunk(
            [.. batches.SelectMany(batch => Enumerable.Range(chunk.FirstSample + batch.FirstSample, batch.Count))], missing));
    }

    /// <summary>Makes pictures of frames of a job's video, for its report.</summary>
    /// <param name="sheet">The job.</param>
    /// <param name="times">When the frames are shown, in seconds, ascending.</param>
    /// <param name="shelf">The videos.</param>
    /// <param name="limits">The ceilings.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>One JPEG file per frame; empty for one that cannot be decoded.</returns>
    internal static Task<IReadOnlyList<byte[]>> PicturesAsync(
        JobSheet sheet, IReadOnlyList<double> times, VideoShelf shelf, VideoLimits limits, CancellationToken cancellation) =>
        WithFileAsync(sheet.Request, shelf, path => FrameThumbnails.OfAsync(
            sheet.Video with { Path = path ?? sheet.Video.Path }, times, limits, cancellation), cancellation);

    // From here on the job is one about a video of the store, whoever goes on with it; the address, which may hold a signature,
    // is forgotten.
    private static async Task<string> FetchAsync(
        Uri address, VideoShelf shelf, UrlFetcher web, Action<JobProgress> onProgress, CancellationToken cancellation)
    {
        using var file = shelf.Scratch();
        await web.FetchAsync(address, file.Path, new Megabytes(onProgress), cancellation).ConfigureAwait(false);
        var name = VideoSource.OfStored(await shelf.AddAsync(file.Path, null, cancellation).ConfigureAwait(false));
        onProgress(new JobProgress(JobStage.Probe, 1, 1, FormattableString.Invariant(
            $"{VideoSource.Shown(address)}: {new FileInfo(file.Path).Length / 1e6:0.0} MB fetched")));
        return name;
    }

    // The path is null for one that every silo sees by itself. Of where a silo keeps its copy a user knows nothing.
    private static async Task<T> WithFileAsync<T>(JobRequest request, VideoShelf shelf, Func<string?, Task<T>> use, CancellationToken cancellation)
    {
        using var file = await OpenAsync(request, shelf, cancellation).ConfigureAwait(false);
        try
        {
            return await use(file?.Path).ConfigureAwait(false);
        }
        catch (VideoException e) when (file is not null && e.IsUsersMistake)
        {
            throw JobException.Bad(e.Message.Replace($"'{file.Path}'", "The video", StringComparison.Ordinal));
        }
    }

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

    // How much of the video is there; how much there will be nobody knows for sure.
    private sealed class Megabytes(Action<JobProgress> onProgress) : IProgress<long>
    {
        public void Report(long value) => onProgress(new JobProgress(JobStage.Probe, 0, 1, FormattableString.Invariant($"{value / 1e6:0.0} MB fetched")));
    }
}
