using System.Diagnostics;
using System.Globalization;

namespace HieraVid.Pipeline;

/// <summary>What the operating system says about this process's memory.</summary>
public static class ProcessMemory
{
    /// <summary>The largest resident set so far, in bytes.</summary>
    public static long PeakBytes
    {
        get
        {
            // Process.PeakWorkingSet64 reads the same line, but only Linux's own file tells it in a container too.
            const string status = "/proc/self/status";
            var line = File.Exists(status)
                ? File.ReadLines(status).FirstOrDefault(l => l.StartsWith("VmHWM:", StringComparison.Ordinal))
                : null;
            if (line is null)
                return Process.GetCurrentProcess().PeakWorkingSet64;
            return long.Parse(line.AsSpan(6).Trim().ToString().Split(' ')[0], CultureInfo.InvariantCulture) * 1024;
        }
    }
}
