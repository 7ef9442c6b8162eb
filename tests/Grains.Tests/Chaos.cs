namespace HieraVid.Grains.Tests;

/// <summary>Whether the tests that take minutes are run, too.</summary>
internal static class Chaos
{
    internal const string Reason = "More seeds take minutes: set HIERAVID_CHAOS=1 to run them.";

    internal static bool IsOn => Environment.GetEnvironmentVariable("HIERAVID_CHAOS") == "1";

    /// <summary>The seeds: 0 is always run; without the variable one more stands for the others, and is skipped.</summary>
    internal static IEnumerable<int> Seeds(int many) => Enumerable.Range(0, IsOn ? many : 2);

    /// <summary>The same as rows of a theory.</summary>
    public static TheoryData<int> SeedRows(int many) => [.. Seeds(many)];
}
