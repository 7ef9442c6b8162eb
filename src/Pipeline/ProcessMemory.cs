using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace HieraVid.Pipeline;

/// <summary>What the operating system says about this process's memory.</summary>
public static class ProcessMemory
{
    /// <summary>
    /// Whether an exception says that the memory of the machine or of a device is used up. libtorch has no type of its own for
    /// it, and says it in different words for CPU and GPU.
    /// </summary>
    public static bool IsUsedUp(Exception e)
    {
        ArgumentNullException.ThrowIfNull(e);
        return e is OutOfMemoryException || (e is ExternalException
            && (e.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
                || e.Message.Contains("can't allocate memory", StringComparison.Ordinal)
                || e.Message.Contains("not enough memory", StringComparison.Ordinal)));
    }

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
