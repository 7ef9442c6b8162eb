using System.Globalization;
using System.Text.Json;

namespace HieraVid.Bench.Driver;

/// <summary>What the sides of one benchmark measured.</summary>
internal sealed class Report(Benchmark benchmark, Machine machine, int threads)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly Dictionary<Side, List<Dictionary<string, double>>> _measured = [];

    internal void Add(Side side, Dictionary<string, double> measured)
    {
        if (!_measured.TryGetValue(side, out var list))
            _measured[side] = list = [];
        list.Add(measured);
    }

    /// <summary>Prints the table: seconds, then whatever else was measured as its median.</summary>
    internal void Print()
    {
        Console.WriteLine();
        Console.WriteLine($"{benchmark.Name}: {benchmark.Title}");
        List<string[]> rows = [["", "median", "min", "max", "times ours", "runs", "also"]];
        var ours = Median(benchmark.Sides[0], "seconds");
        foreach (var (side, list) in _measured)
        {
            var seconds = list.Select(one => one["seconds"]).ToList();
            var median = Median(side, "seconds");
            rows.Add([side.Name, Time(median), Time(seconds.Min()), Time(seconds.Max()),
                (median / ours).ToString("F2", CultureInfo.InvariantCulture), $"{list.Count}",
                string.Join(", ", list[0].Keys.Where(key => key != "seconds").Select(key => $"{key} {Number(key, Median(side, key))}"))]);
        }
        var widths = Enumerable.Range(0, rows[0].Length).Select(i => rows.Max(row => row[i].Length)).ToArray();
        foreach (var row in rows)
            Console.WriteLine("  " + string.Join("  ", row.Select((cell, i) =>
                i is 0 or 6 ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i]))).TrimEnd());
    }

    /// <summary>Writes every repetition with the machine's description.</summary>
    internal void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, $"{benchmark.Name}.json"), JsonSerializer.Serialize(new
        {
            benchmark.Name,
            benchmark.Title,
            Time = DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture),
            Threads = threads,
            Machine = machine,
            Sides = _measured.Select(pair => new { pair.Key.Name, Repetitions = pair.Value }),
        }, Indented) + "\n");
    }

    private double Median(Side side, string key)
    {
        var sorted = _measured[side].Select(one => one[key]).Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    private static string Time(double seconds) => seconds < 1
        ? string.Create(CultureInfo.InvariantCulture, $"{1000 * seconds:F1} ms")
        : string.Create(CultureInfo.InvariantCulture, $"{seconds:F2} s");

    private static string Number(string key, double value) => key.Contains("Bytes", StringComparison.OrdinalIgnoreCase)
        ? string.Create(CultureInfo.InvariantCulture, $"{value / (1 << 20):F0} MiB")
        : value.ToString(value == Math.Round(value) ? "F0" : "G4", CultureInfo.InvariantCulture);
}
