using System.Text;
using HieraVid.Models.Generation;
using HieraVid.Models.Tokenization;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Tokens;
using HieraVid.Pruning;
using HieraVid.Torch;
using HieraVid.Video;
using static TorchSharp.torch;

namespace HieraVid.Pipeline.Running;

/// <summary>What the commands of one in-process job do, and what they leave for each other.</summary>
internal sealed class LocalWork(
    LoadedModel model, VideoLimits limits, JobRequest request, ProbedVideo? probed,
    Action<JobProgress> onProgress, Action<string> onText) : IAsyncDisposable
{
    // Frames per decoded batch and per pass through the tower: enough rows for full speed of the products (8 x 729), while two
    // batches of pixels and one batch's activations stay below 300 MB with so400m.
    private const int BatchFrames = 8;

    private readonly StageClock _clock = new();
    private readonly List<string> _notes = [];
    private readonly StringBuilder _answer = new();
    private VideoInfo? _video;
    private SamplingPlan? _plan;
    private PromptTokens? _prompt;
    private FrameStream? _frames;
    private MissingFrames? _missing;
    private PruningMethod? _method;
    private FrameBudget? _budget;
    private VideoTokens? _tokens;
    private PrefillPruning? _pruning;
    private DecodingSession? _session;
    private float[]? _logits;
    private FinishReason _finish;
    private int _encodedFrames, _visualTokens, _generated;

    internal async Task<JobEvent> ProbeAsync(CancellationToken cancellation)
    {
        request.Validate();
        _clock.Credit(JobStage.Probe, probed?.Spent ?? TimeSpan.Zero);
        using var lap = _clock.Measure(JobStage.Probe);
        onProgress(new JobProgress(JobStage.Probe, 0, 1));
        _video = probed?.Info ?? await VideoProbe.ProbeAsync(request.VideoPath, limits, cancellation).ConfigureAwait(false);
        _prompt = model.Template.Encode(model.Tokenizer, [new ChatTurn(ChatRole.User, request.Question, VideoPlacement.OwnLine)]);
        _method = request.Pruning.MethodFor(new ModelTraits(model.Network.Config.Text.LayerCount), _notes.Add);
        _budget = new FrameBudget(model, _prompt.Ids.Count, request.Generation.MaxTokens);
        _plan = FramePlan.Choose(_video, request, _budget, _notes);
        _tokens = new VideoTokens(_method);
        var chunks = Chunk.Split(_plan.Count, request.ChunkFrames);
        onProgress(new JobProgress(JobStage.Probe, 1, 1, $"{_video}; {_plan}"));
        return new JobEvent.Probed([.. chunks]);
    }

    internal async Task<JobEvent> EncodeAsync(Chunk chunk, CancellationToken cancellation)
    {
        _frames ??= Decode(cancellation);
        var pieces = new List<Tensor>();
        try
        {
            return await EncodeAsync(chunk, pieces, cancellation).ConfigureAwait(false);
        }
        finally
        {
            pieces.ForEach(piece => piece.Dispose());
        }
    }

    private async Task<JobEvent> EncodeAsync(Chunk chunk, List<Tensor> pieces, CancellationToken cancellation)
    {
        var left = chunk.Count;
        while (left > 0 && await NextAsync(Math.Min(left, BatchFrames)).ConfigureAwait(false) is { } batch)
        {
            onProgress(new JobProgress(JobStage.Decode, batch.FirstSample + batch.Count, _plan!.Count));
            cancellation.ThrowIfCancellationRequested();
            onProgress(new JobProgress(JobStage.Encode, _encodedFrames, _plan.Count));
            using (_clock.Measure(JobStage.Encode))
                pieces.Add(await Task.Run(() => Encode(batch, cancellation), cancellation).ConfigureAwait(false));
            left -= batch.Count;
            _encodedFrames += batch.Count;
            onProgress(new JobProgress(JobStage.Encode, _encodedFrames, _plan.Count));
        }
        if (pieces.Count > 0)
            await Task.Run(() => Summarise(pieces), cancellation).ConfigureAwait(false);
        return new JobEvent.ChunkEncoded(chunk.Index, left);
    }

    internal JobEvent Prefill(CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        if (_missing is { } missing)
            NoteMissing(missing);
        using (_clock.Measure(JobStage.Prefill))
        {
            var layers = model.Network.Config.Text.LayerCount;
            var layout = model.Network.Layout(_encodedFrames);
            var (plan, tokens) = Prune(_budget!.Room);
            _pruning = new PrefillPruning(_method!, plan, tokens.Origins, _clock);
            var video = model.Network.Sequence(tokens.Values, tokens.Origins, layout);
            _visualTokens = layout.Length;
            long[] ids = [.. _prompt!.Ids.Select(id => (long)id)];
            var at = _prompt.VideoPositions[0];
            var embeddings = model.Network.Splice(ids.AsSpan(0, at), video.Tokens, ids.AsSpan(at + 1));
            _session = new DecodingSession(model.Network.Decoder);
            var hook = _pruning.Hook(at, video, layer => onProgress(new JobProgress(JobStage.Prefill, layer, layers)));
            _logits = _session.Prefill(embeddings, Positions(at, layout.Length, video.Indices, ids.Length), hook, cancellation);
            onProgress(new JobProgress(JobStage.Prefill, layers, layers,
                FormattableString.Invariant($"{embeddings.shape[0]:N0} tokens, {_visualTokens:N0} visual ones before pruning, {_pruning.Survivors.Length:N0} at the end")));
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
        return new JobEvent.Answered();
    }

    internal AnswerReport Report()
    {
        var times = _plan!.TimesSeconds.Take(_encodedFrames).Select(t => Math.Round(t, 6)).ToList();
        var layers = model.Network.Config.Text.LayerCount;
        var perLayer = PruningFacts.PerLayer(_pruning!, layers);
        var segments = PruningFacts.Segments(_pruning!, times, _video!.DurationSeconds);
        return new AnswerReport
        {
            Answer = _answer.ToString().Trim(),
            Finish = _finish == FinishReason.Stop ? "stop" : "length",
            Video = new VideoReport(
                _video.DurationSeconds, _video.DisplayWidth, _video.DisplayHeight, _video.AverageFps, _encodedFrames, times),
            Tokens = new TokenReport(_visualTokens, _prompt!.Ids.Count - 1, _generated, _pruning!.Entered.Length, perLayer,
                Math.Round(perLayer.Average() / _tokens!.Shape.Tokens, 4)),
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
            Pruning = ReportFacts.Of(_pruning, _tokens.Summaries, request.Pruning.Budget, layers, segments),
        };
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

    public async ValueTask DisposeAsync()
    {
        if (_frames is not null)
            await _frames.DisposeAsync().ConfigureAwait(false);
        _tokens?.Dispose();
        _session?.Dispose();
    }

    private FrameStream Decode(CancellationToken cancellation)
    {
        var (height, width) = (model.Preprocessor.ImageHeight, model.Preprocessor.ImageWidth);
        var resample = model.Preprocessor.Resample == Models.Configuration.ResampleFilter.Bilinear ? Resample.Bilinear : Resample.Bicubic;
        Action<MissingFrames>? onMissing = request.AllowPartial ? missing => _missing = missing : null;
        return new FrameStream(FrameDecoder.DecodeAsync(_video!, _plan!, new FrameSize(width, height, resample), BatchFrames,
            limits, onMissing, cancellation).GetAsyncEnumerator(cancellation));
    }

    private async Task<FrameBatch?> NextAsync(int most)
    {
        using var lap = _clock.Measure(JobStage.Decode);
        return await _frames!.TakeAsync(most).ConfigureAwait(false);
    }

    private Tensor Encode(FrameBatch batch, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var frames = TensorData.From(batch.Rgb.Span, batch.Count, batch.Height, batch.Width, 3);
        var patches = model.Network.Patches(frames, model.Preprocessor.Mean, model.Preprocessor.StandardDeviation);
        // A batch takes seconds on a CPU, too long to wait for after Ctrl-C; so the tower's layers look, too.
        var features = model.Network.Tower.Forward(patches, (_, _) => cancellation.ThrowIfCancellationRequested());
        return model.Network.Pool(model.Network.Project(features)).DetachFromDisposeScope();
    }

    private void Summarise(List<Tensor> pieces)
    {
        using var lap = _clock.Measure(JobStage.Prune);
        _tokens!.Add(Joined(pieces), new Dictionary<VisionSignal, Tensor>());
    }

    private (PruningPlan Plan, PrunedTokens Tokens) Prune(int room)
    {
        using var lap = _clock.Measure(JobStage.Prune);
        return _tokens!.Prune(room);
    }

    private void NoteMissing(MissingFrames missing)
    {
        if (_encodedFrames == 0)
            throw JobException.Bad($"{request.VideoPath} has no frame that can be decoded: get a sound copy of the file.");
        _notes.Add(FormattableString.Invariant(
            $"The video breaks off at {missing.LastGoodSeconds:0.0} s of {missing.UntilSeconds:0.0} s: {missing.Count} of {missing.Planned} frames are missing."));
    }

    private void Write(string piece)
    {
        // Leading blanks belong to no answer; they are swallowed until the first other character.
        var shown = _answer.Length == 0 ? piece.TrimStart() : piece;
        _answer.Append(shown);
        if (shown.Length > 0)
            onText(shown);
    }

    private static Tensor Joined(List<Tensor> pieces)
    {
        using var scope = NewDisposeScope();
        return TensorData.Concatenate(pieces).DetachFromDisposeScope();
    }

    // Kept tokens keep the positions that they would have without pruning; the text after the video goes on from there.
    internal static long[] Positions(int videoStart, int videoLength, IReadOnlyList<int> kept, int idCount) =>
    [
        .. Enumerable.Range(0, videoStart).Select(i => (long)i),
        .. kept.Select(index => (long)videoStart + index),
        .. Enumerable.Range(0, idCount - videoStart - 1).Select(i => (long)videoStart + videoLength + i),
    ];
}
