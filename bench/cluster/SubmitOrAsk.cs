using System.Diagnostics;
using HieraVid.Silo;

namespace HieraVid.Bench.Cluster;

/// <summary>The same video and question by <c>ask</c>, and by <c>submit --watch</c> on a cluster of one silo that is up; in turns.</summary>
internal static class SubmitOrAsk
{
    private const int Repetitions = 3;

    internal static async Task<Dictionary<string, double>> RunAsync(int minutes)
    {
        var video = Make(minutes);
        var folder = Directory.CreateTempSubdirectory("hieravid-bench-").FullName;
        var port = FreePort.Choose(0, 0);
        using var silo = Start(typeof(SiloSettings).Assembly.Location,
            "--model", BenchCluster.Tiny, "--store", Path.Combine(folder, "store"), "--port", $"{port}", "--name", "bench");
        try
        {
            using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
            while (!await IsReadyAsync(http))
                await Task.Delay(100);
            string[] question = [video, "What is moving?", "--fps", "1", "--chunk-frames", "16", "--max-tokens", "16"];
            var (asked, submitted) = (new List<double>(), new List<double>());
            // The first round of each is not counted: files and code are not warm.
            for (var i = 0; i <= Repetitions; i++)
            {
                asked.Add(await TimeAsync(["ask", .. question, "--model", BenchCluster.Tiny, "--store", Path.Combine(folder, $"ask{i}")]));
                submitted.Add(await TimeAsync(["submit", .. question, "--watch", "--cluster", $"{http.BaseAddress}"]));
            }
            var (ask, submit) = (asked.Skip(1).Order().ElementAt(Repetitions / 2), submitted.Skip(1).Order().ElementAt(Repetitions / 2));
            return new Dictionary<string, double>
            {
                ["minutes"] = minutes,
                ["ask"] = ask,
                ["submit"] = submit,
                ["goal"] = (1.1 * ask) + 1,
                ["askLeast"] = asked.Skip(1).Min(),
                ["submitLeast"] = submitted.Skip(1).Min(),
            };
        }
        finally
        {
            silo.Kill();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<double> TimeAsync(string[] arguments)
    {
        var clock = Stopwatch.StartNew();
        using var process = Start(Path.Combine(AppContext.BaseDirectory, "..", "..", "HieraVid.Client", "release", "hieravid.dll"), arguments);
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? clock.Elapsed.TotalSeconds : throw new InvalidOperationException($"{arguments[0]} ended with {process.ExitCode}.");
    }

    private static Process Start(string program, params string[] arguments)
    {
        var process = Process.Start(new ProcessStartInfo("dotnet", [program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static async Task<bool> IsReadyAsync(HttpClient http)
    {
        try
        {
            return (await http.GetAsync(new Uri("/health/ready", UriKind.Relative))).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    // A moving picture of so many minutes, made once.
    private static string Make(int minutes)
    {
        var path = Path.GetFullPath(Path.Combine("artifacts", "bench", $"moving-{minutes}min.mp4"));
        if (File.Exists(path))
            return path;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var ffmpeg = Process.Start("ffmpeg", ["-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", $"testsrc2=s=320x240:r=10:d={minutes * 60}",
            "-c:v", "libx264", "-preset", "ultrafast", "-g", "50", path]);
        ffmpeg.WaitForExit();
        return ffmpeg.ExitCode == 0 ? path : throw new InvalidOperationException("ffmpeg could not make the video.");
    }
}
