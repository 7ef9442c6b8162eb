using System.Text;
using HieraVid.Models.Generation;
using HieraVid.Models.Tokenization;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pruning;
using HieraVid.Video;
using static TorchSharp.torch;

namespace HieraVid.Pipeline.Running;

/// <summary>The last stage of a job, on one device: prompt and video through the decoder, then the answer, then the account of it.</summary>
/// <param name="model">Answers; stays the caller's.</param>
/// <param name="job">The job.</param>
/// <param name="clock">Charged with the time.</param>
/// <param name="onProgress">Told how far it is.</param>
/// <param name="onText">Given the answer piece by piece.</param>
internal sealed class Answering(
    LoadedModel model, PreparedJob job, StageClock clock, Action<JobProgress> onProgress, Action<string> onText) : IDisposable
{
    private readonly StringBuilder _answer = new();
    private DecodingSession? _session;
    private PromptPrefill? _prefill;
    private FinishReason _finish;
    private int _generated;

    /// <summary>Runs the prompt.</summary>
    /// <param name="plan">What was decided for the whole video.</param>
    /// <param name="join">Puts together what enters the decoder; called inside the stage's dispose scope.</param>
    /// <param name="steps">Grids of tokens that could be decoded.</param>
    /// <param name="cancellation">Ends it between layers.</param>
    internal void Prefill(PruningPlan plan, Func<PrunedTokens> join, int steps, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var lap = clock.Measure(JobStage.Prefill);
        var layers = model.Network.Config.Text.LayerCount;
        var tokens = Joined(join);
        _session = new DecodingSession(model.Network.Decoder);
        _prefill = PromptPrefill.Run(model.Network, job.Planned, job.Method, plan, tokens, steps, _session, clock,
            layer => onProgress(new JobProgress(JobStage.Prefill, layer, layers)), cancellation);
        onProgress(new JobProgress(JobStage.Prefill, layers, layers,
            FormattableString.Invariant($"{_prefill.Tokens:N0} tokens, {_prefill.Places.Unpruned:N0} visual ones before pruning, {_prefill.Pruning.Survivors.Length:N0} at the end")));
    }

    /// <summary>Writes the answer.</summary>
    internal void Generate(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using var lap = clock.Measure(JobStage.Generate);
        var text = new StreamingDecoder(model.Tokenizer);
        var asked = job.Request.Generation;
        _finish = TokenGenerator.Run(_session!, _prefill!.Logits, model.SamplingFor(asked), token =>
        {
            if (_generated++ == 0)
                clock.FirstToken();
            Write(text.Append(token));
            onProgress(new JobProgress(JobStage.Generate, _generated, asked.MaxTokens));
        }, cancellation: cancellation);
        if (_generated == 0)
            clock.FirstToken();
        Write(text.Flush());
    }

    /// <summary>The account.</summary>
    /// <param name="samples">The samples that the model saw, by position in the plan.</param>
    /// <param name="steps">The first sample behind each grid of tokens.</param>
    /// <param name="summaries">What the chunks said.</param>
    /// <param name="reused">Chunks that an earlier run had encoded.</param>
    internal AnswerReport Report(
        IReadOnlyList<int> samples, IReadOnlyList<int> steps, IReadOnlyList<ChunkSummary> summaries, int reused)
    {
        var pruning = _prefill!.Pruning;
        List<double> Times(IEnumerable<int> list) => [.. list.Select(sample => Math.Round(job.Plan.TimesSeconds[sample], 6))];
        var stepTimes = Times(steps);
        var layers = model.Network.Config.Text.LayerCount;
        var perLayer = PruningFacts.PerLayer(pruning, layers);
        var segments = PruningFacts.Segments(pruning, stepTimes, job.Video.DurationSeconds);
        return new AnswerReport
        {
            Answer = _answer.ToString().Trim(),
            Finish = _finish == FinishReason.Stop ? "stop" : "length",
            Video = new VideoReport(
                job.Video.DurationSeconds, job.Video.DisplayWidth, job.Video.DisplayHeight, job.Video.AverageFps, samples.Count,
                Times(samples)),
            Tokens = new TokenReport(_prefill.Places.Unpruned, job.Planned.Prompt.Ids.Count - 1, _generated, pruning.Entered.Length, perLayer,
                Math.Round(perLayer.Average() / pruning.Plan.Shape.Tokens, 4)),
            KeptTokens = PruningFacts.Digests(pruning),
            Chunks = new ChunkReport(job.Chunks.Count, job.Request.ChunkFrames, reused),
            Flops = PruningFacts.Flops(pruning, model.Network.Config.Text),
            Segments = segments,
            Timing = Timing(),
            PeakMemoryBytes = ProcessMemory.PeakBytes,
            Device = model.Network.Compute.DeviceName,
            Dtype = model.Network.Compute.DTypeName,
            Model = model.Folder,
            Method = job.Method.Name,
            Budget = job.Method.Name == PruningMethods.None ? 1 : job.Request.Pruning.Budget,
            Seed = job.Request.Generation.Seed,
            Notes = job.Notes,
            Pruning = ReportFacts.Of(pruning, summaries, layers, segments, job.Planned.Grid, stepTimes),
        };
    }

    /// <summary>Notes what could not be decoded.</summary>
    /// <exception cref="JobException">Nothing could.</exception>
    internal static void NoteMissing(PreparedJob job, int frames, IEnumerable<MissingRange> missing)
    {
        if (frames == 0)
            throw JobException.Bad($"{job.Request.VideoPath} has no frame that can be decoded: get a sound copy of the file.");
        foreach (var gap in missing)
        {
            var isEnd = gap.FirstSample + gap.Count == job.Plan.Count;
            job.Notes.Add(FormattableString.Invariant(isEnd
                ? $"The video breaks off at {gap.FromSeconds:0.0} s of {gap.UntilSeconds:0.0} s: {gap.Count} of {job.Plan.Count} frames are missing."
                : (FormattableString)$"The video is damaged between {gap.FromSeconds:0.0} s and {gap.UntilSeconds:0.0} s: {gap.Count} of {job.Plan.Count} frames are missing."));
        }
    }

    /// <summary>Frees the cache.</summary>
    public void Dispose() => _session?.Dispose();

    private TimingReport Timing() => new()
    {
        Probe = clock.Seconds(JobStage.Probe),
        Decode = clock.Seconds(JobStage.Decode),
        Encode = clock.Seconds(JobStage.Encode),
        Prune = clock.Seconds(JobStage.Prune),
        Prefill = clock.Seconds(JobStage.Prefill),
        TimeToFirstToken = clock.TimeToFirstToken,
        Generate = clock.Seconds(JobStage.Generate),
        Total = clock.Elapsed,
    };

    private PrunedTokens Joined(Func<PrunedTokens> join)
    {
        using var lap = clock.Measure(JobStage.Prune);
        return join();
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
