namespace HieraVid.Video;

/// <summary>Finds programs: by full path, by an environment variable, or along PATH.</summary>
internal static class ProgramPath
{
    /// <summary>The full path of FFmpeg's decoder.</summary>
    public static string Ffmpeg => Tool("ffmpeg", "FFMPEG");

    /// <summary>The full path of FFmpeg's prober.</summary>
    public static string Ffprobe => Tool("ffprobe", "FFPROBE");

    /// <summary>The full path of a program on PATH, or null.</summary>
    public static string? Find(string name)
    {
        if (name.Contains(Path.DirectorySeparatorChar))
            return File.Exists(name) ? Path.GetFullPath(name) : null;

        string file = OperatingSystem.IsWindows() && !Path.HasExtension(name) ? name + ".exe" : name;
        return (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, file))
            .FirstOrDefault(File.Exists);
    }

    private static string Tool(string name, string variable)
    {
        string wanted = Environment.GetEnvironmentVariable(variable) is { Length: > 0 } set ? set : name;
        return Find(wanted) ?? throw VideoErrors.ToolMissing(wanted, variable);
    }
}
