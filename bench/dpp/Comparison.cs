using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using HieraVid.Pruning.Dpp;

namespace HieraVid.Bench.Dpp;

/// <summary>One input on our side and on both peers, repetition by repetition, so that a busy minute hits all alike.</summary>
internal static class Comparison
{
    private static readonly string[] Peers = ["whole", "segments"];

    internal static void Run(DppInput input, int threads, int repetitions)
    {
        var folder = Path.Combine("artifacts", "bench", "dpp");
        input.Save(folder);
        var times = new Dictionary<string, List<(double Seconds, double Processor)>> { ["ours"] = [] };
        IReadOnlyList<DppSelection> ours = [];
        var peers = Peers.ToDictionary(name => name, name => Start(name, folder, threads));
        // The first repetition meets cold caches and lazy set-up; it is not counted.
        for (var i = 0; i <= repetitions; i++)
        {
            (var seconds, var processor, ours) = Measure(input);
            times["ours"].Add((seconds, processor));
            foreach (var (name, peer) in peers)
            {
                peer.StandardInput.WriteLine("go");
                var answer = JsonSerializer.Deserialize<Dictionary<string, double>>(peer.StandardOutput.ReadLine()!)!;
                times.TryAdd(name, []);
                times[name].Add((answer["seconds"], answer["processorSeconds"]));
            }
        }
        var load = File.ReadAllText("/proc/loadavg").Split(' ')[0];
        Console.WriteLine($"n {input.Relevance.Length} keep {input.Segments.Sum(s => s.Keep)} segments {input.Segments.Count}, "
            + $"{threads} threads, load {load}");
        var best = times["ours"].Skip(1).Min();
        foreach (var (name, all) in times)
        {
            var seconds = all.Skip(1).Select(t => t.Seconds).Order().ToList();
            var processor = all.Skip(1).Min(t => t.Processor);
            Console.WriteLine($"  {name,-9} min {seconds[0],7:F3} s  median {seconds[seconds.Count / 2],7:F3} s  processor {processor,7:F3} s"
                + $"  times ours: {seconds[0] / best.Seconds,6:F1} (min) {Median(all) / Median(times["ours"]),6:F1} (median)"
                + $" {processor / times["ours"].Skip(1).Min(t => t.Processor),6:F1} (processor)"
                + (name == "ours" ? "" : "  " + Difference(ours, Path.Combine(folder, name + ".picks"))));
        }
        foreach (var peer in peers.Values)
        {
            peer.StandardInput.Close();
            peer.WaitForExit();
        }
    }

    internal static (double Seconds, double Processor, IReadOnlyList<DppSelection> Selections) Measure(DppInput input)
    {
        var before = Process.GetCurrentProcess().TotalProcessorTime;
        var watch = Stopwatch.StartNew();
        var selections = SegmentDpp.Select(input.Features, input.Relevance, input.Segments);
        return (watch.Elapsed.TotalSeconds, (Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds, selections);
    }

    private static double Median(List<(double Seconds, double Processor)> all) =>
        all.Skip(1).Select(t => t.Seconds).Order().ElementAt((all.Count - 1) / 2);

    // Picks of equal d² in float32 may come in either order; the kept set is what counts then.
    private static string Difference(IReadOnlyList<DppSelection> ours, string file)
    {
        var theirs = MemoryMarshal.Cast<byte, long>(File.ReadAllBytes(file)).ToArray();
        var (start, places, outside) = (0, 0, 0);
        var closest = 0f;
        foreach (var selection in ours)
        {
            var part = theirs.AsSpan(start, selection.Order.Length);
            outside += selection.Order.Except(part.ToArray().Select(pick => (int)pick)).Count();
            for (var i = 0; i < part.Length; i++)
            {
                if (part[i] == selection.Order[i])
                    continue;
                places++;
                // Where the orders part, d² of one's pick and of the other's, as ours has them when it selects each.
                var other = Array.IndexOf(selection.Order, (int)part[i]);
                if (other >= 0)
                    closest = Math.Max(closest, Math.Abs(selection.Gain[i] - selection.Gain[other]));
            }
            start += part.Length;
        }
        return places == 0 ? "same picks, same order"
            : outside == 0 ? $"same picks; {places} places differ, d² apart by at most {closest:E1}"
            : $"{outside} PICKS DIFFER";
    }

    private static Process Start(string name, string folder, int threads)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("PYTHON") ?? "/usr/bin/python3")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            ArgumentList = { Path.Combine("bench", "peers", $"dpp_{name}.py"), folder, threads.ToString(CultureInfo.InvariantCulture) },
        };
        start.Environment["OMP_NUM_THREADS"] = start.Environment["OPENBLAS_NUM_THREADS"] = $"{threads}";
        var process = Process.Start(start)!;
        return process.StandardOutput.ReadLine() == "ready" ? process : throw new InvalidOperationException($"{name} did not start.");
    }
}
