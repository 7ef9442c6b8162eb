using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using HieraVid.Pruning.Dpp;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Bench.Dpp;

/// <summary>How time and memory grow with the number of tokens, and whether the picks are the plain reference's.</summary>
internal static class Scale
{
    // Multiply-adds of the plain reference that are worth waiting for: half a minute.
    private const double ReferenceWork = 4e10;

    private static readonly int[] Counts = [1_000, 3_785, 10_000, 30_000];

    /// <summary>What one case took.</summary>
    /// <param name="Seconds">Wall clock.</param>
    /// <param name="Processor">Of all threads.</param>
    /// <param name="Memory">Peak beside the features, bytes.</param>
    /// <param name="Bound">The stated bound for the segments that are worked on at a time, bytes.</param>
    /// <param name="Picks">Selected before the guard filled the rest.</param>
    /// <param name="Reference">How the picks compare with the plain reference's.</param>
    private sealed record Result(double Seconds, double Processor, long Memory, long Bound, int Picks, string Reference);

    /// <summary>Measures one case in this process and prints it as JSON.</summary>
    internal static void One(DppInput input, int dimension)
    {
        Warm();
        var before = Process.GetCurrentProcess().WorkingSet64;
        File.WriteAllText("/proc/self/clear_refs", "5");
        var (seconds, processor, selections) = Comparison.Measure(input);
        var peak = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM", StringComparison.Ordinal));
        var peakBytes = 1024 * long.Parse(peak.Split(':')[1].Replace("kB", "", StringComparison.Ordinal), null);
        var bound = input.Segments.Select(s => SegmentDpp.WorkingBytes(s.Members.Length, s.Keep, dimension))
            .OrderDescending().Take(input.Segments.Count == 1 ? 1 : get_num_threads()).Sum();
        Console.WriteLine(JsonSerializer.Serialize(new Result(seconds, processor, Math.Max(0, peakBytes - before), bound,
            selections.Sum(s => s.Gain.Count(g => g > 0)), Compare(input, dimension, selections))));
    }

    /// <summary>Runs all cases, each in a process of its own, and prints a table.</summary>
    internal static void Table(int threads, string kind)
    {
        Console.WriteLine("| D | n | keep | segments | seconds | processor s | exponent | memory | bound | picks | against the reference |");
        Console.WriteLine("|---|---|---|---|---:|---:|---:|---:|---:|---:|---|");
        foreach (var dimension in new[] { 896, DppInput.Large })
            foreach (var share in new[] { 7, 1 })
                foreach (var segments in new[] { 1, 32 })
                {
                    (int Count, double Processor)? last = null;
                    foreach (var count in Counts)
                    {
                        var keep = count * share / 10;
                        var result = Start(count, keep, segments, dimension, threads, kind);
                        var exponent = last is { } smaller
                            ? (Math.Log(result.Processor / smaller.Processor) / Math.Log((double)count / smaller.Count)).ToString("F1", null)
                            : "";
                        Console.WriteLine($"| {dimension} | {count:N0} | {keep:N0} | {segments} | {result.Seconds:F2} | {result.Processor:F2} | "
                            + $"{exponent} | {result.Memory >> 20} MiB | {result.Bound >> 20} MiB | {result.Picks:N0} | {result.Reference} |");
                        last = (count, result.Processor);
                    }
                }
    }

    private static Result Start(int count, int keep, int segments, int dimension, int threads, string kind)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
        foreach (var argument in (string[])[
            "scale", $"{count}", $"{keep}", $"{segments}", "--dimension", $"{dimension}", "--threads", $"{threads}", "--kind", kind])
        {
            start.ArgumentList.Add(argument);
        }
        using var process = Process.Start(start)!;
        var answer = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return JsonSerializer.Deserialize<Result>(answer)!;
    }

    // A first selection meets code that is not compiled and threads that are not there.
    private static void Warm()
    {
        var input = DppInput.Make(400, 200, 2, "video");
        SegmentDpp.Select(input.Features, input.Relevance, input.Segments);
        input.Features.Dispose();
    }

    private static string Compare(DppInput input, int dimension, IReadOnlyList<DppSelection> selections)
    {
        var work = input.Segments.Sum(s => (double)s.Members.Length * (s.Members.Length * (double)dimension + (double)s.Keep * s.Keep));
        if (work > ReferenceWork)
            return "";
        var features = input.Features.ToArray<float>();
        var (parted, widest) = (0, 0f);
        for (var s = 0; s < selections.Count; s++)
        {
            var (expected, margin) = ReferenceDpp.Select(features, dimension, input.Relevance, input.Segments[s]);
            var same = expected.Order.Zip(selections[s].Order).TakeWhile(pair => pair.First == pair.Second).Count();
            if (same == expected.Order.Length)
                continue;
            // The next decision is another one: how far the reference was from taking it too.
            parted++;
            widest = Math.Max(widest, margin[same]);
        }
        return parted == 0 ? "same picks, same order"
            : string.Create(CultureInfo.InvariantCulture, $"same up to decisions by rounding ({parted} of {selections.Count} segments, d² within {widest:E0})");
    }
}
