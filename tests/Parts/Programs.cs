namespace HieraVid.TestParts;

/// <summary>Programs that are installed.</summary>
internal static class Programs
{
    /// <summary>The first of these that is on the path; null where none is.</summary>
    internal static string? Find(params string[] names) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(folder => names.Select(name => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);

    /// <summary>Why a test is skipped that needs a program.</summary>
    internal static string Missing(string what, string packages) =>
        $"{what} is not installed (./test installs it where it may; by hand: apt-get install {packages}).";
}
