using System.Diagnostics;
using System.Text.Json;
using HieraVid.Video;
using TorchSharp;

namespace HieraVid.Bench.Workers;

/// <summary>
/// Our side of a benchmark, in a process of its own: says "ready" after its set-up, then does one repetition per line that it
/// is sent and answers with what it measured. The peers in Python speak the same protocol (peers/protocol.py).
/// </summary>
internal static class Worker
{
    /// <summary>The benchmarks' names with their set-up, which returns one repetition.</summary>
    private static readonly Dictionary<string, Func<string, Func<Dictionary<string, double>>>> Known = new()
    {
        ["prefill"] = Prefill.SetUp,
        ["decode"] = Decode.SetUp,
        ["encode"] = Encode.SetUp,
        ["load"] = Load.SetUp,
        ["budget-1.0"] = checkpoint => PrunedPrefill.SetUp(checkpoint, 1.0),
        ["budget-0.3"] = checkpoint => PrunedPrefill.SetUp(checkpoint, 0.3),
        ["budget-0.2"] = checkpoint => PrunedPrefill.SetUp(checkpoint, 0.2),
        ["budget-0.1"] = checkpoint => PrunedPrefill.SetUp(checkpoint, 0.1),
        ["questions-1-vanilla"] = checkpoint => Questions.SetUp(checkpoint, 1, 1.0),
        ["questions-1-pruned"] = checkpoint => Questions.SetUp(checkpoint, 1, 0.3),
        ["questions-4-vanilla"] = checkpoint => Questions.SetUp(checkpoint, 4, 1.0),
        ["questions-4-pruned"] = checkpoint => Questions.SetUp(checkpoint, 4, 0.3),
        ["questions-16-vanilla"] = checkpoint => Questions.SetUp(checkpoint, 16, 1.0),
        ["questions-16-pruned"] = checkpoint => Questions.SetUp(checkpoint, 16, 0.3),
        ["frames"] = Frames.SetUp,
        ["hour-fps"] = _ => HourFrames.SetUp(video => SamplingPlan.AtFps(video, 1)),
        ["hour-spread"] = _ => HourFrames.SetUp(video => SamplingPlan.Uniform(video, HourFrames.Spread)),
        ["ask"] = Ask.SetUp,
        ["minutes-10"] = _ => LongAsk.SetUp(10, "--fps", "1", "--chunk-frames", "16"),
        ["minutes-20"] = _ => LongAsk.SetUp(20, "--fps", "1", "--chunk-frames", "16"),
        ["minutes-40"] = _ => LongAsk.SetUp(40, "--fps", "1", "--chunk-frames", "16"),
        ["minutes-60"] = _ => LongAsk.SetUp(60, "--fps", "1", "--chunk-frames", "16"),
        ["chunks-64"] = _ => LongAsk.SetUp(10, "--frames", "64", "--chunk-frames", "64"),
        ["chunks-16"] = _ => LongAsk.SetUp(10, "--frames", "64", "--chunk-frames", "16"),
    };

    /// <summary>Serves <c>NAME CHECKPOINT THREADS</c> until its input ends.</summary>
    internal static int Serve(string[] args)
    {
        torch.set_num_threads(int.Parse(args[2], null));
        using var frozen = torch.no_grad();
        var repetition = args[0].Split('/') switch
        {
            ["method", var method, var frames, var positions] => MethodPruning.SetUp(method, int.Parse(frames, null), int.Parse(positions, null)),
            ["dtm", var frames, var positions] => DtmMerging.SetUp(int.Parse(frames, null), int.Parse(positions, null)),
            _ => Known[args[0]](args[1]),
        };
        Console.WriteLine("ready");
        using var process = Process.GetCurrentProcess();
        while (Console.ReadLine() is not null)
        {
            process.Refresh();
            var before = process.TotalProcessorTime;
            var measured = repetition();
            process.Refresh();
            // On a busy machine this is steadier than the clock: the threads of both sides sleep while they wait.
            measured["cpuSeconds"] = (process.TotalProcessorTime - before).TotalSeconds;
            Console.WriteLine(JsonSerializer.Serialize(measured));
        }
        return 0;
    }
}
