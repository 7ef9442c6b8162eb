using System.Globalization;

namespace HieraVid.Bench.Workers;

/// <summary>What the kernel says of this process's memory.</summary>
internal static class ProcessMemory
{
    /// <summary>The largest resident set so far, in bytes.</summary>
    internal static double Peak => Field("VmHWM:");

    /// <summary>The resident set now, in bytes.</summary>
    internal static double Resident => Field("VmRSS:");

    private static double Field(string name)
    {
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return 1024 * double.Parse(line[name.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
    }
}
