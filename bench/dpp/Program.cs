using System.Diagnostics;
using System.Globalization;
using HieraVid.Bench.Dpp;
using HieraVid.Pruning.Dpp;
using static TorchSharp.torch;

// compare [--repetitions N] [--threads N] [--kind video|noise]: the cases of the paper's layers against both peers, in turn.
// scale N KEEP SEGMENTS [--threads N] [--kind …]: one case on our side only, for time and memory in a process of its own.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var options = args.Select((arg, i) => (arg, i)).Where(a => a.arg.StartsWith("--", StringComparison.Ordinal))
    .ToDictionary(a => a.arg, a => args[a.i + 1]);
var threads = int.Parse(options.GetValueOrDefault("--threads", $"{Environment.ProcessorCount}"), null);
var repetitions = int.Parse(options.GetValueOrDefault("--repetitions", "3"), null);
var kind = options.GetValueOrDefault("--kind", "video");
set_num_threads(threads);
if (args is ["scale", ..])
    return Scale(int.Parse(args[1], null), int.Parse(args[2], null), int.Parse(args[3], null));
foreach (var (count, keep) in new[] { (3785, 2649), (2649, 1139) })
    foreach (var segments in new[] { 1, 8, 32 })
        Comparison.Run(DppInput.Make(count, keep, segments, kind), threads, repetitions);
return 0;

int Scale(int count, int keep, int segments)
{
    var input = DppInput.Make(count, keep, segments, kind);
    SegmentDpp.Select(DppInput.Make(300, 200, 2, kind).Features, new float[300], [new([.. Enumerable.Range(0, 300)], 9)]);
    var before = Process.GetCurrentProcess().WorkingSet64;
    File.WriteAllText("/proc/self/clear_refs", "5");
    var (seconds, processor, selections) = Comparison.Measure(input);
    var peak = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM", StringComparison.Ordinal));
    var peakBytes = 1024 * long.Parse(peak.Split(':')[1].Replace("kB", "", StringComparison.Ordinal), null);
    Console.WriteLine($"n {count} keep {keep} segments {segments} {kind}: {seconds:F2} s, processor {processor:F2} s, "
        + $"memory beside the features {(peakBytes - before) >> 20} MiB, picks before the guard {selections.Sum(s => s.Gain.Count(g => g > 0))}");
    return 0;
}
