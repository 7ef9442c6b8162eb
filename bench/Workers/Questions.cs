using System.Diagnostics;
using HieraVid.Models;
using HieraVid.Pipeline.Running;
using static TorchSharp.torch;

namespace HieraVid.Bench.Workers;

/// <summary>Several questions about one video at once in one process, each with its own cache and pruning.</summary>
internal static class Questions
{
    internal static Func<Dictionary<string, double>> SetUp(string checkpoint, int count, double budget)
    {
        var model = LoadedModel.Load(checkpoint, new Compute(CPU, ScalarType.BFloat16));
        var tokens = SampleVideo.Tokens(model);
        // Sixteen unpruned questions take minutes: one small one warms the process up instead of a whole repetition.
        PrunedPrefill.Once(model, tokens, 0.1);
        return () =>
        {
            var clock = Stopwatch.StartNew();
            var threads = Enumerable.Range(0, count)
                .Select(_ => new Thread(() => PrunedPrefill.Once(model, tokens, budget))).ToList();
            threads.ForEach(thread => thread.Start());
            threads.ForEach(thread => thread.Join());
            var seconds = clock.Elapsed.TotalSeconds;
            return new Dictionary<string, double> { ["seconds"] = seconds, ["questionsPerMinute"] = count * 60 / seconds };
        };
    }
}
