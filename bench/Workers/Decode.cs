using System.Diagnostics;
using HieraVid.Models;
using HieraVid.Models.Generation;
using HieraVid.Models.Llava;
using static TorchSharp.torch;

namespace HieraVid.Bench.Workers;

/// <summary>Single tokens after the prompt.</summary>
internal static class Decode
{
    private const int Steps = 32;

    internal static Func<Dictionary<string, double>> SetUp(string checkpoint)
    {
        var model = LlavaModel.Load(checkpoint, new Compute(CPU, ScalarType.BFloat16));
        var session = new DecodingSession(model.Decoder);
        using (var prompt = Inputs.Prompt(model))
            session.Prefill(prompt);
        return () =>
        {
            var clock = Stopwatch.StartNew();
            var best = 0;
            for (var i = 0; i < Steps; i++)
            {
                var logits = session.Step(i * 7919 % logitsCount(model));
                best = Array.IndexOf(logits, logits.Max());
            }
            return new Dictionary<string, double>
            {
                ["seconds"] = clock.Elapsed.TotalSeconds / Steps,
                ["bestToken"] = best,
            };
        };
        static int logitsCount(LlavaModel model) => model.Config.Text.VocabularySize;
    }
}
