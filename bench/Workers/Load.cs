using System.Diagnostics;
using HieraVid.Models;
using HieraVid.Models.Llava;
using static TorchSharp.torch;

namespace HieraVid.Bench.Workers;

/// <summary>From the folder to a model that is ready to run.</summary>
internal static class Load
{
    internal static Func<Dictionary<string, double>> SetUp(string checkpoint) => () =>
    {
        // The runtime and libtorch are there before any weight is.
        using (empty([1]))
        {
        }
        var before = ProcessMemory.Resident;
        var clock = Stopwatch.StartNew();
        using var model = LlavaModel.Load(checkpoint, new Compute(CPU, ScalarType.BFloat16));
        return new Dictionary<string, double>
        {
            ["seconds"] = clock.Elapsed.TotalSeconds,
            ["peakBytes"] = ProcessMemory.Peak,
            ["peakOverWeights"] = ProcessMemory.Peak / model.WeightBytes,
            ["addedOverWeights"] = (ProcessMemory.Peak - before) / model.WeightBytes,
        };
    };
}
