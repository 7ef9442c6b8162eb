using HieraVid.Models.Checkpoints;

namespace HieraVid.Bench.Driver;

/// <summary>Runs benchmarks: all sides in turn, repetition by repetition, so that a busy minute hits every side alike.</summary>
internal static class BenchmarkRun
{
    private const string Usage = """
        bench/run [NAME...] [--repetitions N] [--preset 0.5b|7b|tiny] [--only SIDE] [--threads N] [--list]
        Runs the named benchmarks (default: all) on our side and on the peers, prints a table for each and writes
        bench/results/NAME.json (with --only or another preset than 0.5b: artifacts/bench/NAME.json).
        """;

    internal static int Run(string[] args)
    {
        var names = new List<string>();
        var (repetitions, preset, threads, only) = (5, "0.5b", Environment.ProcessorCount, "");
        for (var i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--repetitions": repetitions = int.Parse(args[++i], null); break;
                case "--preset": preset = args[++i]; break;
                case "--threads": threads = int.Parse(args[++i], null); break;
                case "--only": only = args[++i]; break;
                case "--help" or "-h": Console.WriteLine(Usage); return 0;
                case "--list":
                    foreach (var benchmark in Benchmark.All)
                        Console.WriteLine($"{benchmark.Name,-10} {benchmark.Title}");
                    return 0;
                default: names.Add(args[i]); break;
            }
        }
        if (names.Except(Benchmark.All.Select(benchmark => benchmark.Name)).FirstOrDefault() is { } unknown)
        {
            Console.Error.WriteLine($"There is no benchmark {unknown}; use {string.Join(", ", Benchmark.All.Select(b => b.Name))}.");
            return 2;
        }
        var machine = Machine.Describe();
        Console.WriteLine($"{machine.Processor}, {threads} of {machine.Cores} cores, {machine.MemoryGiB} GiB; libtorch {machine.Torch}; "
            + $"{machine.DotNet}; load before {machine.LoadBefore}");
        var python = Machine.FindPython();
        if (python is null)
            Console.WriteLine("No python3 with torch was found (Debian: apt-get install python3-torch): PEERS ARE LEFT OUT.");
        var checkpoint = Checkpoint(preset);
        var results = only == "" && preset == "0.5b" ? Path.Combine("bench", "results") : Path.Combine("artifacts", "bench");
        foreach (var benchmark in Benchmark.All.Where(b => names.Count == 0 || names.Contains(b.Name)))
        {
            var sides = benchmark.Sides
                .Where(side => (python is not null || !side.IsPython) && side.Name.Contains(only, StringComparison.OrdinalIgnoreCase)).ToList();
            if (sides.Count == 0)
                continue;
            var report = new Report(benchmark with { Sides = sides }, machine, threads);
            Measure(benchmark, sides, report, repetitions, side => WorkerProcess.Start(side, python, checkpoint, threads));
            report.Print();
            report.Save(results);
        }
        return 0;
    }

    private static void Measure(
        Benchmark benchmark, List<Side> sides, Report report, int repetitions, Func<Side, WorkerProcess> start)
    {
        var workers = benchmark.FreshProcess ? [] : sides.ToDictionary(side => side, start);
        try
        {
            // The first repetition of a process that stays meets cold caches and lazy set-up; it is not counted.
            foreach (var worker in workers.Values)
                worker.Repeat();
            for (var i = 0; i < repetitions; i++)
            {
                foreach (var side in sides)
                {
                    if (workers.TryGetValue(side, out var worker))
                    {
                        report.Add(side, worker.Repeat());
                        continue;
                    }
                    using var fresh = start(side);
                    report.Add(side, fresh.Repeat());
                }
            }
        }
        finally
        {
            foreach (var worker in workers.Values)
                worker.Dispose();
        }
    }

    private static string Checkpoint(string preset)
    {
        var folder = Path.Combine("artifacts", "bench", preset);
        if (!Directory.Exists(folder))
        {
            Console.WriteLine($"Writing the random checkpoint {folder} …");
            Directory.CreateDirectory(Path.GetDirectoryName(folder)!);
            RandomCheckpoint.Create(folder, CheckpointPreset.Parse(preset), seed: 0);
        }
        return folder;
    }
}
