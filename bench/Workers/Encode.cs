using System.Diagnostics;
using HieraVid.Models;
using HieraVid.Models.Llava;
using static TorchSharp.torch;

namespace HieraVid.Bench.Workers;

/// <summary>32 frames through the vision tower, in batches as the product sends them.</summary>
internal static class Encode
{
    private const int Frames = 32;
    private const int Batch = 4;

    internal static Func<Dictionary<string, double>> SetUp(string checkpoint)
    {
        var model = LlavaModel.Load(checkpoint, new Compute(CPU, ScalarType.BFloat16));
        var patches = Inputs.Patches(model, Frames);
        var before = ProcessMemory.Resident;
        return () =>
        {
            using var scope = NewDisposeScope();
            var clock = Stopwatch.StartNew();
            var parts = new List<Tensor>();
            for (var start = 0; start < Frames; start += Batch)
                parts.Add(model.Tower.Forward(patches.narrow(0, start, Batch)));
            var features = cat(parts, 0);
            var seconds = clock.Elapsed.TotalSeconds;
            return new Dictionary<string, double>
            {
                ["seconds"] = seconds,
                ["peakBytesBesideWeights"] = ProcessMemory.Peak - before,
                ["meanAbsoluteFeature"] = features.to(float32).abs().mean().item<float>(),
            };
        };
    }
}
