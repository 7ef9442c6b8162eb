namespace HieraVid.Pipeline.Tests;

/// <summary>Paths relative to the repository, whatever folder the tests run in.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Fixture(string name) => Path.Combine(Root, "tests", "fixtures", "models", name);

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "HieraVid.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("HieraVid.sln not found above the tests");
    }
}
