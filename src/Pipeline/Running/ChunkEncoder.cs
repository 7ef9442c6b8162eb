using HieraVid.Models;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pruning;
using HieraVid.Torch;
using HieraVid.Video;
using static TorchSharp.torch;

namespace HieraVid.Pipeline.Running;

/// <summary>The tokens of a chunk.</summary>
/// <param name="Tokens">[f, P, D], where f counts pairs if the model takes pairs; null where no frame could be decoded.</param>
/// <param name="Signals">What the method asked for beside them; empty where there are no tokens.</param>
/// <param name="Samples">The samples that they are of, by position in the plan.</param>
internal sealed record EncodedChunk(
    Tensor? Tokens, IReadOnlyDictionary<VisionSignal, Tensor> Signals, IReadOnlyList<int> Samples);

/// <summary>Decodes and encodes the chunks of one video. While one batch is encoded the next is being decoded.</summary>
internal sealed class ChunkEncoder(
    LoadedModel model, IReadOnlyCollection<VisionSignal> wanted, VideoInfo video, PlannedVideo planned, VideoLimits limits,
    bool allowPartial, StageClock clock, Action<JobProgress> onProgress) : IAsyncDisposable
{
    // Pixels per decoded batch and per pass through the tower, 8 frames of 384 x 384: enough rows for full speed of the products
    // (8 x 729), while two batches of pixels and one batch's activations stay below 300 MB with so400m.
    private const int BatchPixels = 8 * 384 * 384;

    private readonly int _batchFrames = BatchFrames(planned.Grid);
    private readonly List<MissingRange> _missing = [];
    private FrameStream? _frames;
    private int _offset, _next, _end;
    private SamplingPlan Plan => planned.Plan;

    /// <summary>What could not be decoded, where that is allowed, in samples of the whole plan.</summary>
    internal IReadOnlyList<MissingRange> Missing => _missing;

    /// <summary>Encodes a chunk.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <param name="end">The sample up to which chunks follow that will be asked for, too: one decoder serves them all.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="VideoException">The video is damaged, and that is not allowed.</exception>
    internal async Task<EncodedChunk> EncodeAsync(Chunk chunk, int end, CancellationToken cancellation)
    {
        if (_frames is null || _next != chunk.FirstSample || _next >= _end)
            await SeekAsync(chunk.FirstSample, end, cancellation).ConfigureAwait(false);
        var pieces = new List<(Tensor Tokens, Dictionary<VisionSignal, Tensor> Signals)>();
        async Task EncodeAsync(ReadOnlyMemory<byte> frames)
        {
            if (frames.IsEmpty)
                return;
            using var lap = clock.Measure(JobStage.Encode);
            pieces.Add(await Task.Run(() => Encode(model, wanted, planned.Grid, frames.Span, cancellation), cancellation).ConfigureAwait(false));
        }
        try
        {
            var samples = new List<int>(chunk.Count);
            // Frames that wait for their partners: where the video is damaged a batch may end inside a pair.
            var waiting = ReadOnlyMemory<byte>.Empty;
            _next = chunk.FirstSample + chunk.Count;
            while (samples.Count < chunk.Count && await NextAsync(_next).ConfigureAwait(false) is { } batch)
            {
                var first = _offset + batch.FirstSample;
                onProgress(new JobProgress(JobStage.Decode, first + batch.Count, Plan.Count));
                cancellation.ThrowIfCancellationRequested();
                onProgress(new JobProgress(JobStage.Encode, first, Plan.Count));
                samples.AddRange(Enumerable.Range(first, batch.Count));
                (var whole, waiting) = Whole(waiting, batch.Rgb, batch.FrameBytes, isLast: samples.Count == chunk.Count);
                await EncodeAsync(whole).ConfigureAwait(false);
                onProgress(new JobProgress(JobStage.Encode, first + batch.Count, Plan.Count));
            }
            await EncodeAsync(waiting).ConfigureAwait(false);
            if (samples.Count < chunk.Count && !allowPartial)
                throw new InvalidOperationException($"Chunk {chunk.Index} lacks {chunk.Count - samples.Count} frames and nobody said so.");
            return pieces.Count == 0
                ? new EncodedChunk(null, new Dictionary<VisionSignal, Tensor>(), samples)
                : Join(pieces, wanted, samples);
        }
        finally
        {
            foreach (var tensor in pieces.SelectMany(piece => piece.Signals.Values.Append(piece.Tokens)))
                tensor.Dispose();
        }
    }

    public ValueTask DisposeAsync() => _frames?.DisposeAsync() ?? default;

    // What can be encoded now, and what waits for the next batch.
    private (ReadOnlyMemory<byte> Whole, ReadOnlyMemory<byte> Waiting) Whole(
        ReadOnlyMemory<byte> waiting, ReadOnlyMemory<byte> batch, int frameBytes, bool isLast)
    {
        var together = waiting.IsEmpty ? batch : (byte[])[.. waiting.Span, .. batch.Span];
        var frames = together.Length / frameBytes;
        var whole = isLast ? frames : frames / planned.Grid.FramesPerStep * planned.Grid.FramesPerStep;
        return (together[..(whole * frameBytes)], together[(whole * frameBytes)..].ToArray());
    }

    private async Task SeekAsync(int first, int end, CancellationToken cancellation)
    {
        if (_frames is not null)
            await _frames.DisposeAsync().ConfigureAwait(false);
        Action<MissingFrames>? onMissing = allowPartial
            ? missing => _missing.AddRange(missing.Gaps.Select(gap => gap with { FirstSample = first + gap.FirstSample }))
            : null;
        var part = new Chunk(0, first, end - first).Of(Plan);
        (_offset, _end) = (first, end);
        _frames = new FrameStream(FrameDecoder.DecodeAsync(video, part, planned.FrameSize(model.Network), _batchFrames, limits,
            onMissing, cancellation).GetAsyncEnumerator(cancellation));
    }

    private async Task<FrameBatch?> NextAsync(int end)
    {
        using var lap = clock.Measure(JobStage.Decode);
        return await _frames!.TakeAsync(end - _offset, _batchFrames).ConfigureAwait(false);
    }

    /// <summary>Frames per batch: whole grids of tokens.</summary>
    internal static int BatchFrames(FrameGrid grid) =>
        grid.FramesPerStep * Math.Clamp(BatchPixels / grid.FramesPerStep / (grid.Width * grid.Height), 1, 8);

    /// <summary>Encodes a batch.</summary>
    /// <param name="model">The model.</param>
    /// <param name="wanted">Signals beside the tokens.</param>
    /// <param name="grid">The video's pixels and tokens.</param>
    /// <param name="rgb">Frames of the grid's size, whole steps unless they are the chunk's last.</param>
    /// <param name="cancellation">Looked at in every layer of the tower.</param>
    /// <returns>Tokens and signals, in no dispose scope.</returns>
    internal static (Tensor Tokens, Dictionary<VisionSignal, Tensor> Signals) Encode(
        LoadedModel model, IReadOnlyCollection<VisionSignal> wanted, FrameGrid grid, ReadOnlySpan<byte> rgb, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var signals = new SignalWatch(model.Network, wanted);
        var frames = TensorData.From(rgb, rgb.Length / (grid.Height * grid.Width * 3), grid.Height, grid.Width, 3);
        // A batch takes seconds on a CPU, too long to wait for after Ctrl-C; so the tower's layers look, too.
        var seen = model.Network.EncodeFrames(frames, grid, signals.NeedsLastLayer, cancellation.ThrowIfCancellationRequested);
        var taken = signals.Take(seen, grid);
        // Else a GPU's time would be charged to whoever asks for its results first.
        model.Network.Compute.Synchronize();
        return (seen.Tokens.DetachFromDisposeScope(), taken);
    }

    /// <summary>Puts a chunk's batches together; they stay the caller's.</summary>
    internal static EncodedChunk Join(
        List<(Tensor Tokens, Dictionary<VisionSignal, Tensor> Signals)> pieces, IReadOnlyCollection<VisionSignal> wanted, IReadOnlyList<int> samples) => new(
        Joined([.. pieces.Select(piece => piece.Tokens)]),
        wanted.ToDictionary(signal => signal, signal => Joined([.. pieces.Select(piece => piece.Signals[signal])])),
        samples);

    private static Tensor Joined(List<Tensor> pieces)
    {
        using var scope = NewDisposeScope();
        return TensorData.Concatenate(pieces).DetachFromDisposeScope();
    }
}
