using System.Diagnostics;
using HieraVid.Models;
using HieraVid.Models.Generation;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using HieraVid.Pipeline.Tokens;
using HieraVid.Pruning;
using static TorchSharp.torch;

namespace HieraVid.Bench.Workers;

/// <summary>
/// From encoded tokens to the last token's logits: summarise, plan, merge and the staged prefill, as a job runs them.
/// </summary>
internal static class PrunedPrefill
{
    private const int TextBefore = 14, TextAfter = 18;

    internal static Func<Dictionary<string, double>> SetUp(string checkpoint, double budget)
    {
        var model = LoadedModel.Load(checkpoint, new Compute(CPU, ScalarType.BFloat16));
        var tokens = SampleVideo.Tokens(model);
        // Encoding needs more memory than prefilling: only what comes after it counts.
        ProcessMemory.ResetPeak();
        var before = ProcessMemory.Resident;
        // As everywhere, a process's first repetition meets cold caches, fresh pages and code that is not compiled yet, some
        // 0.7 s at any budget; it is reported beside the next one, which counts. Memory is the most of both.
        var cold = Measure(model, tokens, budget).Seconds;
        return () =>
        {
            var (seconds, prune, ratio) = Measure(model, tokens, budget);
            return new Dictionary<string, double>
            {
                ["seconds"] = seconds,
                ["firstSeconds"] = cold,
                ["pruneSeconds"] = prune,
                ["peakBytesBesideWeights"] = ProcessMemory.Peak - before,
                ["flopsRatio"] = ratio,
            };
        };
    }

    private static (double Seconds, double PruneSeconds, double FlopsRatio) Measure(
        LoadedModel model, Tensor tokens, double budget)
    {
        var clock = Stopwatch.StartNew();
        var (prune, ratio) = Once(model, tokens, budget);
        return (clock.Elapsed.TotalSeconds, prune, ratio);
    }

    /// <summary>One question over the whole video.</summary>
    /// <returns>Seconds of pruning, and the prefill's FLOPs over vanilla's by Eq. 12.</returns>
    internal static (double PruneSeconds, double FlopsRatio) Once(LoadedModel model, Tensor tokens, double share)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var network = model.Network;
        var clock = new StageClock();
        var method = new PruningRequest { Budget = share }.MethodFor(new ModelTraits(network.Config.Text.LayerCount), _ => { });
        using var held = new VideoTokens(method, network.Compute.Device);
        PruningPlan plan;
        PrunedTokens kept;
        using (clock.Measure(JobStage.Prune))
        {
            held.Add(0, tokens.clone().DetachFromDisposeScope(), new Dictionary<VisionSignal, Tensor>());
            (plan, kept) = held.Prune(network.Config.MaxTokens);
        }
        var pruning = new PrefillPruning(method, plan, kept.Origins, clock);
        var (layout, budget) = (network.Layout(network.Grid(1, 1, 1), (int)tokens.shape[0], 1), new FrameBudget(network, (1, 1), method, TextBefore + 1 + TextAfter, answerTokens: 1));
        var places = new VideoPlaces(layout, TextBefore, TextBefore + 1 + TextAfter, budget, method);
        var video = places.Sequence(network, kept);
        long[] before = [.. Enumerable.Range(100, TextBefore).Select(id => (long)id)];
        long[] after = [.. Enumerable.Range(200, TextAfter).Select(id => (long)id)];
        var embeddings = network.Splice(before, video.Tokens, after);
        using var session = new DecodingSession(network.Decoder);
        session.Prefill(embeddings, places.Positions(video.Indices),
            pruning.Hook(TextBefore, video, (int)embeddings.shape[0], _ => { }));
        return (clock.Seconds(JobStage.Prune), PruningFacts.Flops(pruning, network.Config.Text).Ratio);
    }
}
