using HieraVid.Models;
using HieraVid.Models.Devices;
using HieraVid.Pipeline;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using HieraVid.Pipeline.Tokens;
using HieraVid.Pruning;
using HieraVid.Pruning.Dpp;
using HieraVid.Video;
using static TorchSharp.torch;

namespace HieraVid.Client.Checking;

/// <summary>Whole answers with and without pruning, timed on one device.</summary>
/// <param name="model">The model.</param>
/// <param name="request">The question; its pruning is replaced.</param>
/// <param name="repetitions">Runs of each setting; medians are shown.</param>
internal sealed class SpeedTable(LoadedModel model, JobRequest request, int repetitions)
{
    // The smallest first: neither a process nor libtorch on a GPU gives memory back, so that what is taken after a setting is the
    // most that it or a smaller one needed.
    private static readonly PruningRequest[] s_settings =
    [
        .. new[] { 0.1, 0.2, 0.3 }.Select(budget => new PruningRequest { Method = PruningMethods.HieraVid, Budget = budget }),
        new PruningRequest { Method = PruningMethods.None },
    ];

    /// <summary>The table's head, in Markdown.</summary>
    internal const string Head = """
        | setting | visual tokens in | kept in a mean layer | encode s | prune s | prefill s | first token s | ms a token | whole answer s | peak memory GB |
        | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
        """;

    /// <summary>Measures setting by setting, and gives each line of the table as soon as it is known.</summary>
    internal async IAsyncEnumerable<string> LinesAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        // Kernels are chosen and code is compiled in the first run.
        await RunAsync(s_settings[0], cancellation).ConfigureAwait(false);
        foreach (var setting in s_settings)
        {
            var runs = new List<AnswerReport>();
            for (var i = 0; i < repetitions; i++)
                runs.Add(await RunAsync(setting, cancellation).ConfigureAwait(false));
            yield return Line(setting, runs, MemoryBytes(model.Network.Compute));
        }
    }

    /// <summary>One run, for those who want to look at it while it goes on.</summary>
    internal Task<AnswerReport> RunAsync(CancellationToken cancellation) => RunAsync(s_settings[^2], cancellation);

    /// <summary>Seconds of the DPP alone: a quarter of the tokens of 32 frames, from features on the device, the median of all runs.</summary>
    internal (int Tokens, int Width, double Seconds) Dpp()
    {
        const int segments = 8, perSegment = 32 * 196 / segments;
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        manual_seed(1);
        var width = model.Network.Config.Text.HiddenSize;
        var compute = model.Network.Compute;
        var features = randn([segments * perSegment, width]).to(compute.DType).to(compute.Device);
        var relevance = Enumerable.Repeat(1f, segments * perSegment).ToArray();
        List<DppSegment> parts = [.. Enumerable.Range(0, segments).Select(s => new DppSegment([.. Enumerable.Range(s * perSegment, perSegment)], perSegment / 4))];
        SegmentDpp.Select(features, relevance, parts);
        var seconds = Enumerable.Range(0, repetitions).Select(_ =>
        {
            compute.Synchronize();
            var start = System.Diagnostics.Stopwatch.GetTimestamp();
            SegmentDpp.Select(features, relevance, parts);
            return System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds;
        });
        return (relevance.Length, width, Median(seconds));
    }

    private Task<AnswerReport> RunAsync(PruningRequest pruning, CancellationToken cancellation) =>
        new LocalRunner(model, VideoLimits.Default, new StoreUse(TokenStore.Default)).RunAsync(request with { Pruning = pruning }, cancellation: cancellation);

    private static string Line(PruningRequest setting, List<AnswerReport> runs, long memoryBytes)
    {
        double Of(Func<AnswerReport, double> value) => Median(runs.Select(value));
        var tokens = runs[0].Tokens;
        var name = setting.Method == PruningMethods.None ? "vanilla" : FormattableString.Invariant($"hieravid at {setting.Budget:0.0}");
        return FormattableString.Invariant(
            $"| {name} | {tokens.AfterMerge:N0} | {tokens.AverageRetention:P1} | {Of(r => r.Timing.Encode):0.000} | {Of(r => r.Timing.Prune):0.000} | {Of(r => r.Timing.Prefill):0.000} | {Of(r => r.Timing.TimeToFirstToken):0.000} | {Of(r => 1000 * r.Timing.Generate / Math.Max(1, r.Tokens.Generated - 1)):0.0} | {Of(r => r.Timing.Total):0.000} | {memoryBytes / 1e9:0.00} |");
    }

    // Of all devices; on a GPU it is what the driver says is taken, so nothing else should run there.
    private static long MemoryBytes(Compute compute)
    {
        var devices = compute.Placement?.Devices ?? [new NamedDevice(compute.DeviceName)];
        return devices.Any(device => device.IsCpu)
            ? ProcessMemory.PeakBytes
            : devices.Sum(device => DeviceMemory.Cuda(device) is { } memory ? memory.Total - memory.Free : 0);
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
