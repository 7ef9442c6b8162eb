using System.CommandLine;
using System.Diagnostics;
using HieraVid.Client.Checking;
using HieraVid.Client.Output;
using HieraVid.Client.Verification;
using HieraVid.Models;
using HieraVid.Models.Checkpoints;
using HieraVid.Models.Devices;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using HieraVid.Torch;
using TorchSharp;

namespace HieraVid.Client.Commands;

/// <summary><c>hieravid gpu-check</c>: whether a GPU gives the right numbers, does all of the work, and how fast it is.</summary>
internal static class GpuCheckCommand
{
    private const int MostFailures = 20;

    internal static Command Create()
    {
        var preset = new Option<string>("--preset")
        {
            HelpName = "NAME",
            Description = "The random checkpoint to measure with, made in the user's cache (7b: 16 GB): "
                + $"{string.Join(", ", CheckpointPreset.All.Select(known => known.Name))}.",
            DefaultValueFactory = _ => CheckpointPreset.Large.Name,
        };
        var model = PathSymbols.Option("--model", "Folder of a checkpoint, or ORG/NAME of one that was pulled, to measure with in its place.");
        var video = PathSymbols.Option("--video", "The video to ask about. Default: the shipped one.");
        var goldens = PathSymbols.Option("--goldens", "Folder with golden cases. Default: the repository's.");
        var frames = new Option<int?>("--frames") { HelpName = "N", Description = "Evenly spaced frames to look at. Default: as the model's authors do." };
        var repetitions = new Option<int>("--repetitions") { HelpName = "N", Description = "Runs of each setting, of which the median is shown.", DefaultValueFactory = _ => 3 };
        var compute = new ComputeOptions("bf16", device: "cuda");
        var command = new Command("gpu-check", """
            Check a GPU: golden numbers, kept tokens, where the weights are, and speed and memory with and without pruning.

            Run ./hieravid with LIBTORCH set to an unpacked CUDA build of libtorch 2.10. The output is
            Markdown, as docs/gpu.md has it. The exit code is 1 if a golden case fails or weights are elsewhere.

            Examples:
              LIBTORCH=/opt/libtorch ./hieravid gpu-check
              hieravid gpu-check --device cpu --preset tiny --frames 4 --repetitions 1
            """) { preset, model, video, goldens, frames, repetitions };
        compute.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            // First of all: without a GPU there is nothing to make up a checkpoint for.
            var where = compute.Read(parsed);
            if (parsed.GetValue(repetitions) is < 1 or > 1000)
                throw ModelException.Option("--repetitions", $"{parsed.GetValue(repetitions)}", "use 1 to 1000");
            var request = new JobRequest
            {
                VideoPath = parsed.GetValue(video) ?? Path.Combine(ShippedFiles.Root, "samples", "bottle-detection.mp4"),
                Question = "What is moving in this video?",
                Sampling = new SamplingRequest(parsed.GetValue(frames)),
                Generation = new GenerationRequest(MaxTokens: 16),
            };
            request.Validate();
            var made = CheckpointPreset.Parse(parsed.GetRequiredValue(preset));
            var given = parsed.GetValue(model) is { } name ? ModelOption.Folder(name) : null;
            Say($"libtorch {torch.__version__} on {where.DeviceName} in {where.DTypeName}, {torch.get_num_threads()} CPU threads");
            if (where.Device.type == DeviceType.CPU)
            {
                var (type, why) = AutomaticType.For(CpuFeatures.Here, 0, long.MaxValue);
                Say($"--dtype auto is {new Compute(where.Device, type).DTypeName} here: {why}");
            }
            var isRight = Verify(parsed.GetValue(goldens) ?? Path.Combine(ShippedFiles.Root, "tests", "fixtures"), where);
            Say("", "## Kept tokens, in f32", "");
            foreach (var small in CheckpointPreset.All.Where(known => known.Name.StartsWith("tiny", StringComparison.Ordinal)))
                Say($"- {small.Name}: {await SameTokens.CompareAsync(MadeUpCheckpoint.Of(small, cancellation), where, request, cancellation).ConfigureAwait(false)}");
            return await MeasureAsync(given ?? MadeUpCheckpoint.Of(made, cancellation), where, request, parsed.GetValue(repetitions), cancellation).ConfigureAwait(false) && isRight
                ? CommandLine.Success
                : CommandLine.OurFault;
        });
        return command;
    }

    // In float32, for which the tolerances are stated, and in the type to be used.
    private static bool Verify(string folder, Compute compute)
    {
        Say("", "## Goldens", "");
        var isRight = true;
        foreach (var chosen in new[] { compute with { DType = torch.ScalarType.Float32, WeightBits = null }, compute }.DistinctBy(chosen => chosen.DTypeName))
        {
            var results = GoldenSuite.Run(folder, chosen).ToList();
            var failed = results.Where(result => result.Outcome == GoldenOutcome.Fail).ToList();
            Say($"- {chosen.DTypeName}: {results.Count(result => result.Outcome == GoldenOutcome.Pass)} pass, {failed.Count} fail, "
                + $"{results.Count(result => result.Outcome == GoldenOutcome.NotCovered)} not covered");
            foreach (var result in failed.Take(MostFailures))
                Say(FormattableString.Invariant($"  - FAIL {result.Case}/{result.Item}: worst {result.Error:0.0e+00}, allowed {result.Tolerance:0.0e+00} {result.Note}"));
            isRight &= failed.Count == 0;
        }
        return isRight;
    }

    private static async Task<bool> MeasureAsync(string folder, Compute compute, JobRequest request, int repetitions, CancellationToken cancellation)
    {
        using var model = await Task.Run(() => LoadedModel.Load(folder, compute), cancellation).ConfigureAwait(false);
        var table = new SpeedTable(model, request, repetitions);
        var expected = compute.Device.type;
        Say("", "## Where the work is done", "", FormattableString.Invariant($"- {model.Network.WeightBytes / 1e9:0.00} GB of weights, {model.Network.Compute.DeviceName}"));
        List<string> strays = [.. StrayWeights.Of(model.Network.WeightBytesByDevice, expected)];
        foreach (var stray in strays)
            Say($"- STRAY {stray}");
        await table.RunAsync(cancellation).ConfigureAwait(false);
        var (processor, clock) = (Process.GetCurrentProcess().TotalProcessorTime, Stopwatch.StartNew());
        await table.RunAsync(cancellation).ConfigureAwait(false);
        processor = Process.GetCurrentProcess().TotalProcessorTime - processor;
        Say(FormattableString.Invariant($"- {processor.TotalSeconds:0.0} s of the processor's time in an answer of {clock.Elapsed.TotalSeconds:0.0} s"));
        Say("- the DPP selects on the CPU on purpose: the states of the tokens to choose from are read back");

        Say("", "## Speed", "", $"{model.Folder}, {Count.Of(repetitions, "run")} of each setting after one that is not counted, medians.", "", SpeedTable.Head);
        await foreach (var line in table.LinesAsync(cancellation).ConfigureAwait(false))
            Say(line);
        var (tokens, width, seconds) = table.Dpp();
        Say("", FormattableString.Invariant($"DPP alone: {tokens:N0} tokens of width {width:N0} in 8 segments, a quarter kept: {seconds * 1000:0} ms."));
        return strays.Count == 0;
    }

    private static void Say(params string[] lines)
    {
        foreach (var line in lines)
            StandardOutput.WriteLine(line);
    }
}
