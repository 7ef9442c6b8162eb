using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace HieraVid.Video;

/// <summary>
/// The walls around every FFmpeg process. Each wall is a small program that replaces itself by the next one
/// (setsid, unshare, prlimit, ffmpeg), so the process id stays the same and all of them together cost about 5 ms.
/// </summary>
public static class Sandbox
{
    private static readonly Lazy<Walls> Found = new(Probe);

    private sealed record Walls(string[] Group, string[] Network, string? Limits);

    /// <summary>What this machine offers; found out once per process. A caller prints <c>Missing</c> when not
    /// complete.</summary>
    public static SandboxStatus Status { get; } = new(Found.Value.Network.Length > 0, Found.Value.Limits is not null);

    /// <summary>Whether FFmpeg leads a process group of its own, which can then be killed as a whole.</summary>
    internal static bool HasOwnGroup => Found.Value.Group.Length > 0;

    /// <summary>The words to put before a command so that it runs inside the walls.</summary>
    internal static IReadOnlyList<string> Prefix(VideoLimits limits)
    {
        Require(Status, limits);
        var walls = Found.Value;
        List<string> words = [.. walls.Group, .. walls.Network];
        if (walls.Limits is not null)
        {
            long cpu = Math.Max(1, (long)Math.Ceiling(limits.CpuTime.TotalSeconds));
            // Pipes are not subject to the file-size limit: 0 means that no file can be written at all.
            words.AddRange([walls.Limits, string.Create(CultureInfo.InvariantCulture, $"--cpu={cpu}:{cpu + 1}"),
                string.Create(CultureInfo.InvariantCulture, $"--as={limits.MemoryBytes}"),
                "--fsize=0", "--core=0", "--nofile=256", "--"]);
        }

        return words;
    }

    /// <summary>Refuses where a complete sandbox is asked for and something is missing.</summary>
    internal static void Require(SandboxStatus status, VideoLimits limits)
    {
        if (limits.RequireSandbox && !status.IsComplete)
            throw VideoErrors.NoSandbox(status.Missing);
    }

    private static Walls Probe()
    {
        string? nothing = ProgramPath.Find("true");
        if (!OperatingSystem.IsLinux() || nothing is null)
            return new([], [], null);

        string[] Working(string program, params string[][] choices) =>
            ProgramPath.Find(program) is not { } path ? [] :
            choices.Select(c => (string[])[path, .. c]).FirstOrDefault(c => Runs([.. c, nothing])) ?? [];

        // Root may open a network namespace directly; others need a user namespace around it, where the kernel allows.
        string[] network = Working("unshare", ["--net", "--"], ["--user", "--map-root-user", "--net", "--"]);
        string[] limits = Working("prlimit", ["--core=0", "--"]);
        return new(Working("setsid", [[]]), network, limits.FirstOrDefault());
    }

    private static bool Runs(string[] command)
    {
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        try
        {
            using var process = Process.Start(start)!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
