using System.Diagnostics;
using System.Text.Json;
using HieraVid.Models.Checkpoints;

namespace HieraVid.Bench.Workers;

/// <summary>
/// <c>hieravid ask</c> at one frame per second with the tiny preset, in a process of its own: what a long video costs
/// beside the model's arithmetic.
/// </summary>
internal static class LongAsk
{
    internal static Func<Dictionary<string, double>> SetUp(int minutes, params string[] options)
    {
        var video = LongVideo.Make(minutes);
        var model = Path.Combine("artifacts", "bench", "tiny");
        if (!Directory.Exists(model))
            RandomCheckpoint.Create(model, CheckpointPreset.Tiny, seed: 0);
        return () => Run(video, model, options);
    }

    private static Dictionary<string, double> Run(string video, string model, string[] options)
    {
        var store = Directory.CreateTempSubdirectory("hieravid-bench-");
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[Ask.Program, "ask", video, "What is moving?", "--model", model, "--max-tokens", "16",
            "--store", store.FullName, "--json", .. options])
            start.ArgumentList.Add(argument);
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        using var answer = JsonDocument.Parse(process.StandardOutput.ReadToEnd());
        process.WaitForExit();
        var measured = new Dictionary<string, double> { ["seconds"] = clock.Elapsed.TotalSeconds };
        store.Delete(recursive: true);
        foreach (var stage in (string[])["probe", "decode", "encode", "prune", "prefill", "generate"])
            measured[stage] = answer.RootElement.GetProperty("timing").GetProperty(stage).GetDouble();
        measured["peakBytes"] = answer.RootElement.GetProperty("peakMemoryBytes").GetInt64();
        measured["frames"] = answer.RootElement.GetProperty("video").GetProperty("sampledFrames").GetInt32();
        return measured;
    }
}
