namespace HieraVid.TestParts;

/// <summary>Paths of the repository, whatever folder the tests run in. No test needs a file from elsewhere.</summary>
internal static class Repository
{
    internal static string Root { get; } = FindRoot();

    /// <summary>The small checkpoints and golden cases.</summary>
    internal static string Fixtures => Path.Combine(Root, "tests", "fixtures", "models");

    /// <summary>One of them.</summary>
    internal static string Fixture(string name) => Path.Combine(Fixtures, name);

    /// <summary>A video from a real camera: one of tests/fixtures/videos, or the shipped sample.</summary>
    internal static string RealVideo(string name) =>
        Path.Combine(name == "bottle-detection.mp4" ? Path.Combine(Root, "samples") : Path.Combine(Root, "tests", "fixtures", "videos"), name);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "HieraVid.sln")))
                return folder.FullName;
        }
        throw new InvalidOperationException($"No HieraVid.sln above {AppContext.BaseDirectory}.");
    }
}
