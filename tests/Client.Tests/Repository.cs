namespace HieraVid.Client.Tests;

/// <summary>Paths relative to the repository, whatever folder the tests run in.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Fixtures => Path.Combine(Root, "tests", "fixtures", "models");

    public static string Fixture(string name) => Path.Combine(Fixtures, name);

    /// <summary>A real video that lies beside the repository; the test is skipped where it doesn't.</summary>
    public static string RealVideo(string name)
    {
        var path = Path.GetFullPath(Path.Combine(Root, "..", "shared", "videos", name));
        Assert.SkipUnless(File.Exists(path), $"{name} is not in ../shared/videos");
        return path;
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "HieraVid.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("HieraVid.sln not found above the tests");
    }
}
