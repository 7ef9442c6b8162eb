using System.Diagnostics;
using System.Text.Json;

namespace HieraVid.Bench.Workers;

/// <summary>The command as a user runs it, in a process of its own; the share of all that is not model arithmetic.</summary>
internal static class Ask
{
    internal static Func<Dictionary<string, double>> SetUp(string checkpoint) => () =>
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in (string[])[Program, "ask", SampleVideo.File, "What is moving?", "--model", checkpoint, "--frames", "32",
            "--max-tokens", "32", "--method", "none", "--json"])
            start.ArgumentList.Add(argument);
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        using var answer = JsonDocument.Parse(process.StandardOutput.ReadToEnd());
        process.WaitForExit();
        var seconds = clock.Elapsed.TotalSeconds;
        var timing = answer.RootElement.GetProperty("timing");
        double Stage(string name) => timing.GetProperty(name).GetDouble();
        var arithmetic = Stage("encode") + Stage("prefill") + Stage("generate");
        return new Dictionary<string, double>
        {
            ["seconds"] = seconds,
            ["load"] = Stage("load"),
            ["probe"] = Stage("probe"),
            ["decode"] = Stage("decode"),
            ["encode"] = Stage("encode"),
            ["prefill"] = Stage("prefill"),
            ["generate"] = Stage("generate"),
            ["notArithmeticPercent"] = 100 * (seconds - arithmetic) / seconds,
            ["peakBytes"] = answer.RootElement.GetProperty("peakMemoryBytes").GetInt64(),
        };
    };

    internal static string Program => Path.Combine(AppContext.BaseDirectory, "..", "..", "HieraVid.Client", "release", "hieravid.dll");
}
