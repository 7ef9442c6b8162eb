using System.Diagnostics;
using System.Text.Json;
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
    };

    /// <summary>Serves <c>NAME CHECKPOINT THREADS</c> until its input ends.</summary>
    internal static int Serve(string[] args)
    {
        torch.set_num_threads(int.Parse(args[2], null));
        using var frozen = torch.no_grad();
        var repetition = Known[args[0]](args[1]);
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
