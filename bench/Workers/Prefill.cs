using System.Diagnostics;
using HieraVid.Models;
using HieraVid.Models.Generation;
using HieraVid.Models.Llava;
using static TorchSharp.torch;

namespace HieraVid.Bench.Workers;

/// <summary>The prompt through all decoder layers, and the last token's logits.</summary>
internal static class Prefill
{
    internal static Func<Dictionary<string, double>> SetUp(string checkpoint)
    {
        var model = LlavaModel.Load(checkpoint, new Compute(CPU, ScalarType.BFloat16));
        var prompt = Inputs.Prompt(model);
        var before = ProcessMemory.Resident;
        return () =>
        {
            using var session = new DecodingSession(model.Decoder);
            var clock = Stopwatch.StartNew();
            var logits = session.Prefill(prompt);
            return new Dictionary<string, double>
            {
                ["seconds"] = clock.Elapsed.TotalSeconds,
                ["peakBytesBesideWeights"] = ProcessMemory.Peak - before,
                ["meanAbsoluteLogit"] = logits.Average(Math.Abs),
                ["bestToken"] = Array.IndexOf(logits, logits.Max()),
            };
        };
    }
}
