using System.Diagnostics;
using System.Text.Json;

namespace HieraVid.Bench.Driver;

/// <summary>A running side. It rests between repetitions, so that only one side works at a time.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process _process;
    private readonly Side _side;

    private WorkerProcess(Side side, Process process) => (_side, _process) = (side, process);

    /// <summary>Starts a side and waits until its set-up is done.</summary>
    internal static WorkerProcess Start(Side side, string? python, string checkpoint, int threads)
    {
        var start = new ProcessStartInfo(side.IsPython ? python! : Environment.ProcessPath!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        if (!side.IsPython && Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
        foreach (var argument in side.Arguments.Concat([checkpoint, $"{threads}"]))
            start.ArgumentList.Add(argument);
        start.Environment["OMP_NUM_THREADS"] = $"{threads}";
        // Threads that wait for each other sleep instead of spinning: on a machine with other work, spinning costs both
        // sides a multiple of their time, and their CPU seconds would count it.
        start.Environment.TryAdd("OMP_WAIT_POLICY", "PASSIVE");
        var worker = new WorkerProcess(side, Process.Start(start)!);
        if (worker.Answer() != "ready")
            throw new InvalidOperationException($"{side.Name} did not get ready.");
        return worker;
    }

    /// <summary>Does one repetition.</summary>
    /// <returns>What was measured; "seconds" is always there.</returns>
    internal Dictionary<string, double> Repeat()
    {
        _process.StandardInput.WriteLine("go");
        _process.StandardInput.Flush();
        return JsonSerializer.Deserialize<Dictionary<string, double>>(Answer())!;
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(10_000))
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private string Answer() => _process.StandardOutput.ReadLine()
        ?? throw new InvalidOperationException($"{_side.Name} ended without an answer (see its message above).");
}
