using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Tokens;
using HieraVid.Video;

namespace HieraVid.Pipeline.Running;

/// <summary>What the commands of one in-process job do, and what they leave for each other.</summary>
internal sealed class LocalWork(
    LoadedModel model, VideoLimits limits, StoreUse storing, JobRequest request, ProbedVideo? probed,
    Action<JobProgress> onProgress, Action<string> onText) : IAsyncDisposable
{
    private readonly StageClock _clock = new();
    private readonly List<int> _samples = [];
    private readonly List<int> _steps = [];
    private PreparedJob? _job;
    private StoredJob? _stored;
    private ChunkEncoder? _encoder;
    private VideoTokens? _tokens;
    private Answering? _answering;
    private int _reused;

    /// <summary>Finished chunks that another run could go on from.</summary>
    internal int ChunksKept => _stored is null ? 0 : _job!.Chunks.Count(chunk => _stored.Has(chunk.Index));

    internal async Task<JobEvent> ProbeAsync(CancellationToken cancellation)
    {
        request.Validate();
        _clock.Credit(JobStage.Probe, probed?.Spent ?? TimeSpan.Zero);
        using var lap = _clock.Measure(JobStage.Probe);
        onProgress(new JobProgress(JobStage.Probe, 0, 1));
        var video = probed?.Info ?? await VideoProbe.ProbeAsync(request.VideoPath, limits, cancellation).ConfigureAwait(false);
        _job = PreparedJob.Prepare(model, request, video, limits);
        _stored = storing.Open(model, request, _job.Planned, _job.Chunks.Count, _job.Method, _job.Notes.Add);
        _tokens = new VideoTokens(_job.Method, model.Network.Compute.Device, _stored);
        _encoder = new ChunkEncoder(model, _job.Method.Signals, video, _job.Planned, limits, request.AllowPartial, _clock, onProgress);
        onProgress(new JobProgress(JobStage.Probe, 1, 1, $"{video}; {_job.Plan}"));
        return new JobEvent.Probed([.. _job.Chunks]);
    }

    internal async Task<JobEvent> EncodeAsync(Chunk chunk, CancellationToken cancellation)
    {
        if (await Task.Run(() => Restore(chunk), cancellation).ConfigureAwait(false))
        {
            _reused++;
            Count(Enumerable.Range(chunk.FirstSample, chunk.Count));
            onProgress(new JobProgress(JobStage.Encode, chunk.FirstSample + chunk.Count, _job!.Plan.Count));
            return new JobEvent.ChunkEncoded(chunk.Index);
        }
        // The decoder is to stop where the next chunk is that an earlier run has finished.
        var ready = _job!.Chunks.Skip(chunk.Index + 1).FirstOrDefault(other => _stored?.Has(other.Index) ?? false);
        var encoded = await _encoder!.EncodeAsync(chunk, ready?.FirstSample ?? _job.Plan.Count, cancellation).ConfigureAwait(false);
        // Not cancelled here: the tokens would have no owner.
        if (encoded.Tokens is not null)
            await Task.Run(() => Take(chunk, encoded), CancellationToken.None).ConfigureAwait(false);
        Count(encoded.Samples);
        return new JobEvent.ChunkEncoded(chunk.Index, chunk.Count - encoded.Samples.Count);
    }

    /// <summary>Summarises the newest chunk: chunks come in order here.</summary>
    internal JobEvent Summarise(JobCommand.SummariseChunk command)
    {
        using var lap = _clock.Measure(JobStage.Prune);
        _tokens!.Summarise();
        return new JobEvent.ChunkSummarised(command.Index);
    }

    internal JobEvent Plan()
    {
        Answering.NoteMissing(_job!, _samples.Count, _encoder!.Missing);
        using var lap = _clock.Measure(JobStage.Prune);
        return new JobEvent.Planned([.. _tokens!.Plan(_job!.Planned.Budget.Room)]);
    }

    internal JobEvent Apply(JobCommand.ApplyPiece command)
    {
        using var lap = _clock.Measure(JobStage.Prune);
        _tokens!.Apply(command.Piece);
        return new JobEvent.PieceApplied(command.Index);
    }

    internal JobEvent Answer(CancellationToken cancellation)
    {
        _answering = new Answering(model, _job!, _clock, onProgress, onText);
        _answering.Prefill(_tokens!.Planned!, _tokens.Join, _steps.Count, cancellation);
        _answering.Generate(cancellation);
        if (!storing.Keep)
            _stored?.Remove();
        return new JobEvent.Answered();
    }

    internal AnswerReport Report() => _answering!.Report(_samples, _steps, _tokens!.Summaries, _reused);

    /// <summary>Lets go of everything. Chunks of a job that did not end well stay in the store, for a run that resumes it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_encoder is not null)
            await _encoder.DisposeAsync().ConfigureAwait(false);
        _tokens?.Dispose();
        _answering?.Dispose();
        if (ChunksKept == 0)
            _stored?.Remove();
        _stored?.Dispose();
    }

    private bool Restore(Chunk chunk)
    {
        using var lap = _clock.Measure(JobStage.Encode);
        return storing.Resume && _tokens!.TryRestore(chunk.Index, chunk.Count);
    }

    private void Take(Chunk chunk, EncodedChunk encoded)
    {
        using var lap = _clock.Measure(JobStage.Prune);
        // A chunk with gaps is not stored: with another copy of the video, or another FFmpeg, it may be whole.
        var isWhole = encoded.Samples.Count == chunk.Count;
        _tokens!.Add(isWhole ? chunk.Index : null, encoded.Tokens!, encoded.Signals);
    }

    private void Count(IEnumerable<int> samples)
    {
        int[] all = [.. samples];
        _samples.AddRange(all);
        _steps.AddRange(_job!.Planned.Steps(all));
    }
}
