using HieraVid.Models;

namespace HieraVid.Client.Commands;

/// <summary>Files of the repository that some commands work on.</summary>
internal static class ShippedFiles
{
    /// <summary>The repository. The wrapper script says where it is; a program started by hand finds it above itself.</summary>
    /// <exception cref="ModelException">It is nowhere above.</exception>
    internal static string Root
    {
        get
        {
            if (Environment.GetEnvironmentVariable("HIERAVID_HOME") is { Length: > 0 } home)
                return home;
            for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
            {
                if (Directory.Exists(Path.Combine(folder, "samples")))
                    return folder;
            }
            throw ModelException.NotFound("the samples folder", "run ./hieravid from a clone of the repository");
        }
    }
}
