using HieraVid.Pipeline.Jobs;
using HieraVid.Pruning;
using HieraVid.Torch;
using HieraVid.Video;
using static TorchSharp.torch;

namespace HieraVid.Pipeline.Running;

/// <summary>The tokens of a chunk.</summary>
/// <param name="Tokens">[f, P, D]; null where no frame could be decoded.</param>
/// <param name="Signals">What the method asked for beside them; empty where there are no tokens.</param>
/// <param name="Samples">The samples that they are of, by position in the plan, [f].</param>
internal sealed record EncodedChunk(
    Tensor? Tokens, IReadOnlyDictionary<VisionSignal, Tensor> Signals, IReadOnlyList<int> Samples);

/// <summary>Decodes and encodes the chunks of one video. While one batch is encoded the next is being decoded.</summary>
internal sealed class ChunkEncoder(
    LoadedModel model, IReadOnlyCollection<VisionSignal> wanted, VideoInfo video, SamplingPlan plan, VideoLimits limits,
    bool allowPartial, StageClock clock, Action<JobProgress> onProgress) : IAsyncDisposable
{
    // Frames per decoded batch and per pass through the tower: enough rows for full speed of the products (8 x 729), while two
    // batches of pixels and one batch's activations stay below 300 MB with so400m.
    internal const int BatchFrames = 8;

    private readonly List<MissingRange> _missing = [];
    private FrameStream? _frames;
    private int _offset, _next, _end;

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
        try
        {
            var samples = new List<int>(chunk.Count);
            _next = chunk.FirstSample + chunk.Count;
            while (samples.Count < chunk.Count && await NextAsync(_next).ConfigureAwait(false) is { } batch)
            {
                var first = _offset + batch.FirstSample;
                onProgress(new JobProgress(JobStage.Decode, first + batch.Count, plan.Count));
                cancellation.ThrowIfCancellationRequested();
                onProgress(new JobProgress(JobStage.Encode, first, plan.Count));
                using (clock.Measure(JobStage.Encode))
                    pieces.Add(await Task.Run(() => Encode(model, wanted, batch, cancellation), cancellation).ConfigureAwait(false));
                samples.AddRange(Enumerable.Range(first, batch.Count));
                onProgress(new JobProgress(JobStage.Encode, first + batch.Count, plan.Count));
            }
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

    private async Task SeekAsync(int first, int end, CancellationToken cancellation)
    {
        if (_frames is not null)
            await _frames.DisposeAsync().ConfigureAwait(false);
        Action<MissingFrames>? onMissing = allowPartial
            ? missing => _missing.AddRange(missing.Gaps.Select(gap => gap with { FirstSample = first + gap.FirstSample }))
            : null;
        var part = new Chunk(0, first, end - first).Of(plan);
        (_offset, _end) = (first, end);
        _frames = new FrameStream(FrameDecoder.DecodeAsync(video, part, PreparedJob.SizeFor(model), BatchFrames,
            limits, onMissing, cancellation).GetAsyncEnumerator(cancellation));
    }

    private async Task<FrameBatch?> NextAsync(int end)
    {
        using var lap = clock.Measure(JobStage.Decode);
        return await _frames!.TakeAsync(end - _offset, BatchFrames).ConfigureAwait(false);
    }

    /// <summary>Encodes a batch.</summary>
    /// <returns>Tokens and signals, in no dispose scope.</returns>
    internal static (Tensor Tokens, Dictionary<VisionSignal, Tensor> Signals) Encode(
        LoadedModel model, IReadOnlyCollection<VisionSignal> wanted, FrameBatch batch, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var frames = TensorData.From(batch.Rgb.Span, batch.Count, batch.Height, batch.Width, 3);
        var patches = model.Network.Patches(frames, model.Preprocessor.Mean, model.Preprocessor.StandardDeviation);
        using var watch = new SignalWatch(model.Network, wanted);
        // A batch takes seconds on a CPU, too long to wait for after Ctrl-C; so the tower's layers look, too.
        var features = model.Network.Tower.Forward(patches, (state, x) =>
        {
            cancellation.ThrowIfCancellationRequested();
            watch.See(state, x);
        });
        var projected = model.Network.Project(features);
        return (model.Network.Pool(projected).DetachFromDisposeScope(), watch.Take(features, projected));
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
