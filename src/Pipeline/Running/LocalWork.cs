using System.Text;
using HieraVid.Models.Generation;
using HieraVid.Models.Tokenization;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Tokens;
using HieraVid.Pruning;
using HieraVid.Video;
using static TorchSharp.torch;

namespace HieraVid.Pipeline.Running;

/// <summary>What the commands of one in-process job do, and what they leave for each other.</summary>
internal sealed class LocalWork(
    LoadedModel model, VideoLimits limits, StoreUse storing, JobRequest request, ProbedVideo? probed,
    Action<JobProgress> onProgress, Action<string> onText) : IAsyncDisposable
{
    private readonly StageClock _clock = new();
    private readonly List<string> _notes = [];
    private readonly List<int> _samples = [];

    // The first sample behind each grid of tokens.
    private readonly List<int> _steps = [];
    private readonly StringBuilder _answer = new();
    private IReadOnlyList<Chunk> _chunks = [];
    private VideoInfo? _video;
    private PlannedVideo? _planned;
    private PruningMethod? _method;
    private StoredJob? _stored;
    private ChunkEncoder? _encoder;
    private VideoTokens? _tokens;
    private VideoPlaces? _places;
    private PrefillPruning? _pruning;
    private DecodingSession? _session;
    private float[]? _logits;
    private FinishReason _finish;
    private int _reused, _generated;

    /// <summary>Finished chunks that another run could go on from.</summary>
    internal int ChunksKept => _stored is null ? 0 : _chunks.Count(chunk => _stored.Has(chunk.Index));

    internal async Task<JobEvent> ProbeAsync(CancellationToken cancellation)
    {
        request.Validate();
        _clock.Credit(JobStage.Probe, probed?.Spent ?? TimeSpan.Zero);
        using var lap = _clock.Measure(JobStage.Probe);
        onProgress(new JobProgress(JobStage.Probe, 0, 1));
        _video = probed?.Info ?? await VideoProbe.ProbeAsync(request.VideoPath, limits, cancellation).ConfigureAwait(false);
        _method = request.Pruning.MethodFor(model.Traits, _notes.Add);
        if (SignalWatch.Substitutes(model.Network, _method) is { } substitutes)
            _notes.Add(substitutes);
        _planned = PlannedVideo.Of(model, _video, request, _method, limits, _notes);
        _chunks = _planned.Chunks(request.ChunkFrames);
        _stored = storing.Open(model, request, _planned, _chunks.Count, _method, _notes.Add);
        _tokens = new VideoTokens(_method, model.Network.Compute.Device, _stored);
        _encoder = new ChunkEncoder(model, _method.Signals, _video, _planned, limits, request.AllowPartial, _clock, onProgress);
        onProgress(new JobProgress(JobStage.Probe, 1, 1, $"{_video}; {_planned.Plan}"));
        return new JobEvent.Probed([.. _chunks]);
    }

    internal async Task<JobEvent> EncodeAsync(Chunk chunk, CancellationToken cancellation)
    {
        if (await Task.Run(() => Restore(chunk), cancellation).ConfigureAwait(false))
        {
            _reused++;
            Count(Enumerable.Range(chunk.FirstSample, chunk.Count));
            onProgress(new JobProgress(JobStage.Encode, chunk.FirstSample + chunk.Count, _planned!.Plan.Count));
            return new JobEvent.ChunkEncoded(chunk.Index);
        }
        // The decoder is to stop where the next chunk is that an earlier run has finished.
        var ready = _chunks.Skip(chunk.Index + 1).FirstOrDefault(other => _stored?.Has(other.Index) ?? false);
        var encoded = await _encoder!.EncodeAsync(chunk, ready?.FirstSample ?? _planned!.Plan.Count, cancellation).ConfigureAwait(false);
        // Not cancelled here: the tokens would have no owner.
        if (encoded.Tokens is not null)
            await Task.Run(() => Take(chunk, encoded), CancellationToken.None).ConfigureAwait(false);
        Count(encoded.Samples);
        return new JobEvent.ChunkEncoded(chunk.Index, chunk.Count - encoded.Samples.Count);
    }

    internal JobEvent Prefill(CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        NoteMissing();
        using (_clock.Measure(JobStage.Prefill))
        {
            var layers = model.Network.Config.Text.LayerCount;
            long[] ids = [.. _planned!.Prompt.Ids.Select(id => (long)id)];
            var (plan, tokens) = Prune();
            _places = new VideoPlaces(_planned.Layout(model.Network, _steps.Count), _planned.Prompt.VideoPositions[0], ids.Length, _planned.Budget, _method!);
            _pruning = new PrefillPruning(_method!, plan, tokens.Origins, _clock);
            var video = _places.Sequence(model.Network, tokens);
            var embeddings = model.Network.Splice(ids.AsSpan(0, _places.Start), video.Tokens, ids.AsSpan(_places.Start + 1));
            _session = new DecodingSession(model.Network.Decoder);
            var hook = _pruning.Hook(_places.Start, video, (int)embeddings.shape[0], layer => onProgress(new JobProgress(JobStage.Prefill, layer, layers)));
            _logits = _session.Prefill(embeddings, _places.Positions(video.Indices), hook, cancellation);
            onProgress(new JobProgress(JobStage.Prefill, layers, layers,
                FormattableString.Invariant($"{embeddings.shape[0]:N0} tokens, {_places.Unpruned:N0} visual ones before pruning, {_pruning.Survivors.Length:N0} at the end")));
        }
        return new JobEvent.Prefilled();
    }

    internal JobEvent Generate(CancellationToken cancellation)
    {
        using var lap = _clock.Measure(JobStage.Generate);
        var text = new StreamingDecoder(model.Tokenizer);
        var asked = request.Generation;
        var options = new SamplingOptions
        {
            MaxTokens = asked.MaxTokens,
            Temperature = asked.Temperature,
            TopP = asked.TopP,
            Seed = asked.Seed,
            RepetitionPenalty = asked.RepetitionPenalty ?? model.Generation.RepetitionPenalty,
            StopTokens = model.StopTokens,
        };
        _finish = TokenGenerator.Run(_session!, _logits!, options, token =>
        {
            if (_generated++ == 0)
                _clock.FirstToken();
            Write(text.Append(token));
            onProgress(new JobProgress(JobStage.Generate, _generated, asked.MaxTokens));
        }, cancellation: cancellation);
        if (_generated == 0)
            _clock.FirstToken();
        Write(text.Flush());
        if (!storing.Keep)
            _stored?.Remove();
        return new JobEvent.Answered();
    }

    internal AnswerReport Report()
    {
        List<double> Times(IEnumerable<int> samples) => [.. samples.Select(sample => Math.Round(_planned!.Plan.TimesSeconds[sample], 6))];
        var stepTimes = Times(_steps);
        var layers = model.Network.Config.Text.LayerCount;
        var perLayer = PruningFacts.PerLayer(_pruning!, layers);
        var segments = PruningFacts.Segments(_pruning!, stepTimes, _video!.DurationSeconds);
        return new AnswerReport
        {
            Answer = _answer.ToString().Trim(),
            Finish = _finish == FinishReason.Stop ? "stop" : "length",
            Video = new VideoReport(
                _video.DurationSeconds, _video.DisplayWidth, _video.DisplayHeight, _video.AverageFps, _samples.Count, Times(_samples)),
            Tokens = new TokenReport(_places!.Unpruned, _planned!.Prompt.Ids.Count - 1, _generated, _pruning!.Entered.Length, perLayer,
                Math.Round(perLayer.Average() / _tokens!.Shape.Tokens, 4)),
            KeptTokens = PruningFacts.Digests(_pruning),
            Chunks = new ChunkReport(_chunks.Count, request.ChunkFrames, _reused),
            Flops = PruningFacts.Flops(_pruning, model.Network.Config.Text),
            Segments = segments,
            Timing = Timing(),
            PeakMemoryBytes = ProcessMemory.PeakBytes,
            Device = model.Network.Compute.DeviceName,
            Dtype = model.Network.Compute.DTypeName,
            Model = model.Folder,
            Method = _method!.Name,
            Budget = _method.Name == PruningMethods.None ? 1 : request.Pruning.Budget,
            Seed = request.Generation.Seed,
            Notes = _notes,
            Pruning = ReportFacts.Of(_pruning, _tokens.Summaries, layers, segments, _planned.Grid, stepTimes),
        };
    }

    /// <summary>Lets go of everything. Chunks of a job that did not end well stay in the store, for a run that resumes it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_encoder is not null)
            await _encoder.DisposeAsync().ConfigureAwait(false);
        _tokens?.Dispose();
        _session?.Dispose();
        if (ChunksKept == 0)
            _stored?.Remove();
        _stored?.Dispose();
    }

    private TimingReport Timing() => new()
    {
        Probe = _clock.Seconds(JobStage.Probe),
        Decode = _clock.Seconds(JobStage.Decode),
        Encode = _clock.Seconds(JobStage.Encode),
        Prune = _clock.Seconds(JobStage.Prune),
        Prefill = _clock.Seconds(JobStage.Prefill),
        TimeToFirstToken = _clock.TimeToFirstToken,
        Generate = _clock.Seconds(JobStage.Generate),
        Total = _clock.Elapsed,
    };

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

    private (PruningPlan Plan, PrunedTokens Tokens) Prune()
    {
        using var lap = _clock.Measure(JobStage.Prune);
        return _tokens!.Prune(_planned!.Budget.Room);
    }

    private void Count(IEnumerable<int> samples)
    {
        var all = samples.ToList();
        _samples.AddRange(all);
        _steps.AddRange(all.Where((_, i) => i % _planned!.Grid.FramesPerStep == 0));
    }

    private void NoteMissing()
    {
        if (_samples.Count == 0)
            throw JobException.Bad($"{request.VideoPath} has no frame that can be decoded: get a sound copy of the file.");
        foreach (var gap in _encoder!.Missing)
        {
            var isEnd = gap.FirstSample + gap.Count == _planned!.Plan.Count;
            _notes.Add(FormattableString.Invariant(isEnd
                ? $"The video breaks off at {gap.FromSeconds:0.0} s of {gap.UntilSeconds:0.0} s: {gap.Count} of {_planned.Plan.Count} frames are missing."
                : (FormattableString)$"The video is damaged between {gap.FromSeconds:0.0} s and {gap.UntilSeconds:0.0} s: {gap.Count} of {_planned.Plan.Count} frames are missing."));
        }
    }

    private void Write(string piece)
    {
        // Leading blanks belong to no answer; they are swallowed until the first other character.
        var shown = _answer.Length == 0 ? piece.TrimStart() : piece;
        _answer.Append(shown);
        if (shown.Length > 0)
            onText(shown);
    }
}
