namespace HieraVid.Pipeline.Tests.Running;

/// <summary>Running programs, as Linux lists them.</summary>
internal static class Processes
{
    /// <summary>Command lines that name a file.</summary>
    internal static List<string> Naming(string file) =>
        [.. Directory.EnumerateDirectories("/proc").Select(CommandLine).Where(line => line.Contains(file, StringComparison.Ordinal))];

    private static string CommandLine(string folder)
    {
        try
        {
            return char.IsAsciiDigit(Path.GetFileName(folder)[0]) ? File.ReadAllText(Path.Combine(folder, "cmdline")) : "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It ended while we looked.
            return "";
        }
    }
}
