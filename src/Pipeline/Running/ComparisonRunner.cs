using System.Text;
using HieraVid.Models.Generation;
using HieraVid.Models.Tokenization;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pruning;
using HieraVid.Video;
using static TorchSharp.torch;

namespace HieraVid.Pipeline.Running;

/// <summary>
/// Answers one question with several pruning methods after one decoding and one encoding. All tokens and signals stay in
/// memory meanwhile, so it is for videos that fit the model's window unpruned.
/// </summary>
/// <param name="model">Answers; stays the caller's.</param>
/// <param name="limits">Ceilings on what a video may cost.</param>
public sealed class ComparisonRunner(LoadedModel model, VideoLimits limits)
{
    /// <summary>Runs all methods.</summary>
    /// <param name="request">The job; its own pruning is not looked at.</param>
    /// <param name="methods">The methods and budgets. The unpruned model is always the first row.</param>
    /// <param name="onProgress">Told how far each stage is.</param>
    /// <param name="probed">The request's video.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="JobException">The video or the question cannot be used; a method that cannot run is a row that says why.</exception>
    public async Task<ComparisonReport> RunAsync(
        JobRequest request, IReadOnlyList<PruningRequest> methods, Action<JobProgress> onProgress, ProbedVideo probed,
        CancellationToken cancellation = default)
    {
        request.Validate();
        var (notes, clock) = (new List<string>(), new StageClock());
        var vanilla = new NoPruning();
        var planned = PlannedVideo.Of(model, probed.Info, request, vanilla, limits, notes);
        var entries = methods.Where(method => method.Method != PruningMethods.None).Select(asked => (Asked: asked, Made: Make(asked))).ToList();
        foreach (var substitutes in entries.Select(entry => entry.Made.Method).OfType<PruningMethod>().DistinctBy(method => method.Name)
            .Select(method => SignalWatch.Substitutes(model.Network, method)).OfType<string>())
            notes.Add(substitutes);

        var chunks = new List<TokenChunk>();
        try
        {
            var wanted = entries.SelectMany(entry => entry.Made.Method?.Signals ?? []).Distinct().ToList();
            var samples = await EncodeAsync(request, planned, probed.Info, wanted, chunks, clock, onProgress, cancellation).ConfigureAwait(false);
            if (samples.Count == 0)
                throw JobException.Bad($"{request.VideoPath} has no frame that can be decoded: get a sound copy of the file.");
            await Task.Run(() => WarmUp(planned.Prompt), cancellation).ConfigureAwait(false);
            var rows = new List<ComparisonRow>();
            var reference = await Task.Run(() => Run(vanilla, 1, chunks, request, planned, null, cancellation), cancellation).ConfigureAwait(false);
            rows.Add(reference.Row);
            foreach (var (asked, (method, refusal)) in entries)
            {
                onProgress(new JobProgress(JobStage.Prefill, rows.Count, entries.Count + 1, $"{asked.Method} at {asked.Budget}"));
                rows.Add(method is null
                    ? new ComparisonRow { Method = asked.Method!, Budget = asked.Budget, Refusal = refusal }
                    : await Task.Run(() => RunOrRefuse(method, asked.Budget, chunks, request, planned, reference, cancellation), cancellation)
                        .ConfigureAwait(false));
            }
            var video = probed.Info;
            double[] times = [.. samples.Select(sample => Math.Round(planned.Plan.TimesSeconds[sample], 6))];
            return new ComparisonReport
            {
                Video = new VideoReport(video.DurationSeconds, video.DisplayWidth, video.DisplayHeight, video.AverageFps, samples.Count,
                    times),
                Positions = chunks[0].Positions,
                Columns = planned.Grid.Columns,
                Times = [.. times.Where((_, i) => i % planned.Grid.FramesPerStep == 0)],
                Layers = model.Network.Config.Text.LayerCount,
                Model = model.Folder,
                Device = model.Network.Compute.DeviceName,
                Dtype = model.Network.Compute.DTypeName,
                EncodeSeconds = clock.Seconds(JobStage.Decode) + clock.Seconds(JobStage.Encode),
                Rows = rows,
                Notes = notes,
            };
        }
        finally
        {
            foreach (var tensor in chunks.SelectMany(chunk => chunk.Signals.Values.Append(chunk.Tokens)))
                tensor.Dispose();
        }
    }

    private (PruningMethod? Method, string? Refusal) Make(PruningRequest asked)
    {
        try
        {
            return (asked.MethodFor(model.Traits, _ => { }), null);
        }
        catch (PruningException e)
        {
            return (null, e.Message);
        }
    }

    private async Task<List<int>> EncodeAsync(
        JobRequest request, PlannedVideo planned, VideoInfo video, IReadOnlyCollection<VisionSignal> wanted, List<TokenChunk> chunks,
        StageClock clock, Action<JobProgress> onProgress, CancellationToken cancellation)
    {
        var samples = new List<int>();
        await using var encoder = new ChunkEncoder(model, wanted, video, planned, limits, request.AllowPartial, clock, onProgress);
        foreach (var chunk in planned.Chunks(request.ChunkFrames))
        {
            var encoded = await encoder.EncodeAsync(chunk, planned.Plan.Count, cancellation).ConfigureAwait(false);
            if (encoded.Tokens is { } tokens)
                chunks.Add(new TokenChunk(chunks.Sum(earlier => earlier.FrameCount), tokens, null) { Signals = encoded.Signals });
            samples.AddRange(encoded.Samples);
        }
        return samples;
    }

    // What the tensor library sets up when it is first used is no method's doing.
    private void WarmUp(PromptTokens prompt)
    {
        using var scope = NewDisposeScope();
        using var session = new DecodingSession(model.Network.Decoder);
        session.Prefill(model.Network.Decoder.Embed([.. prompt.Ids.Select(id => (long)Math.Max(0, id))]));
    }

    private ComparisonRow RunOrRefuse(
        PruningMethod method, double share, List<TokenChunk> chunks, JobRequest request, PlannedVideo planned,
        Outcome reference, CancellationToken cancellation)
    {
        try
        {
            return Run(method, share, chunks, request, planned, reference, cancellation).Row;
        }
        catch (PruningException e)
        {
            return new ComparisonRow { Method = method.Name, Budget = share, Refusal = e.Message };
        }
    }

    private Outcome Run(
        PruningMethod method, double share, List<TokenChunk> chunks, JobRequest request, PlannedVideo planned,
        Outcome? reference, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var (clock, network) = (new StageClock(), model.Network);
        using var session = new DecodingSession(network.Decoder);
        PromptPrefill prefill;
        using (clock.Measure(JobStage.Prefill))
        {
            PruningPlan plan;
            PrunedTokens tokens;
            using (clock.Measure(JobStage.Prune))
            {
                plan = method.Plan([.. chunks.Select((chunk, i) => method.Summarise(WithPrevious(chunks, i)))], planned.Budget.Room);
                tokens = BackwardPass.Run(method, plan, chunks);
            }
            prefill = PromptPrefill.Run(
                network, planned, method, plan, tokens, chunks.Sum(chunk => chunk.FrameCount), session, clock, _ => { }, cancellation);
        }
        var (pruning, logits) = (prefill.Pruning, prefill.Logits);
        var cacheBytes = session.Cache.Bytes;
        var answer = Generate(session, logits, request.Generation, cancellation);
        var layers = network.Config.Text.LayerCount;
        var flops = PruningFacts.Flops(pruning, network.Config.Text);
        return new Outcome(logits, new ComparisonRow
        {
            Method = method.Name,
            Budget = share,
            Answer = answer,
            SameAnswer = reference is null || answer == reference.Row.Answer,
            SameFirstToken = reference is null || First(logits) == First(reference.Logits),
            Divergence = reference is null ? 0 : Divergence(reference.Logits, logits),
            Entered = pruning.Entered.Length,
            AverageRetention = PruningFacts.PerLayer(pruning, layers).Average() / pruning.Plan.Shape.Tokens,
            Flops = flops.Pruned,
            FlopsRatio = flops.Ratio,
            PruneSeconds = clock.Seconds(JobStage.Prune),
            PrefillSeconds = clock.Seconds(JobStage.Prefill),
            CacheBytes = cacheBytes,
            Fates = Fates(pruning),
        });
    }

    // The frame before a chunk is the last one of the chunk before.
    private static TokenChunk WithPrevious(List<TokenChunk> chunks, int i) =>
        i == 0 ? chunks[0] : chunks[i] with { Previous = chunks[i - 1].Tokens.select(0, chunks[i - 1].FrameCount - 1) };

    private string Generate(DecodingSession session, float[] logits, GenerationRequest asked, CancellationToken cancellation)
    {
        var (text, answer) = (new StreamingDecoder(model.Tokenizer), new StringBuilder());
        TokenGenerator.Run(session, logits, model.SamplingFor(asked), token => answer.Append(text.Append(token)), cancellation: cancellation);
        return answer.Append(text.Flush()).ToString().Trim();
    }

    private static byte[] Fates(PrefillPruning pruning)
    {
        var fates = new byte[pruning.Plan.Shape.Tokens];
        foreach (var token in pruning.Entered)
            fates[token] = 1;
        foreach (var token in pruning.Survivors)
            fates[token] = 2;
        return fates;
    }

    private static int First(float[] logits) => Ranking.ArgMax(logits);

    /// <summary>Σ p·ln(p/q) of two distributions given by their logits.</summary>
    internal static double Divergence(ReadOnlySpan<float> reference, ReadOnlySpan<float> other)
    {
        var (p, q) = (LogSoftmax(reference), LogSoftmax(other));
        var sum = 0.0;
        for (var i = 0; i < p.Length; i++)
            sum += Math.Exp(p[i]) * (p[i] - q[i]);
        // Rounding may leave less than nothing.
        return Math.Max(0, sum);
    }

    private static double[] LogSoftmax(ReadOnlySpan<float> logits)
    {
        var result = new double[logits.Length];
        double greatest = float.NegativeInfinity;
        foreach (var logit in logits)
            greatest = Math.Max(greatest, logit);
        var sum = 0.0;
        foreach (var logit in logits)
            sum += Math.Exp(logit - greatest);
        for (var i = 0; i < result.Length; i++)
            result[i] = logits[i] - greatest - Math.Log(sum);
        return result;
    }

    private sealed record Outcome(float[] Logits, ComparisonRow Row);
}
