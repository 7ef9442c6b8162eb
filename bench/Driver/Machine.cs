using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace HieraVid.Bench.Driver;

/// <summary>Where a result was measured: without it a number means nothing.</summary>
internal sealed record Machine(
    string Processor, int Cores, double MemoryGiB, string System, string DotNet, string Torch, string Commit, double LoadBefore)
{
    internal static Machine Describe() => new(
        First("/proc/cpuinfo", "model name"),
        Environment.ProcessorCount,
        Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30), 1),
        RuntimeInformation.OSDescription,
        RuntimeInformation.FrameworkDescription,
        TorchSharp.torch.__version__,
        Output("git", "rev-parse", "--short", "HEAD"),
        double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture));

    /// <summary>The first Python that has torch, or null.</summary>
    internal static string? FindPython() => new[] { Environment.GetEnvironmentVariable("PYTHON"), "python3", "/usr/bin/python3" }
        .FirstOrDefault(python => python is { Length: > 0 } && Output(python, "-c", "import torch; print(1)") == "1");

    private static string First(string file, string key) => File.ReadLines(file)
        .Where(line => line.StartsWith(key, StringComparison.Ordinal))
        .Select(line => line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim())
        .FirstOrDefault("unknown");

    private static string Output(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            var text = process.StandardOutput.ReadToEnd().Trim();
            process.WaitForExit();
            return process.ExitCode == 0 ? text : "";
        }
        catch (global::System.ComponentModel.Win32Exception)
        {
            return "";
        }
    }
}
