namespace HieraVid.TestParts;

/// <summary>
/// How much of what random moments decide is tried: a few seeds in every run, in a few minutes, or all of them, in most of an
/// hour, with HIERAVID_CHAOS=1.
/// </summary>
internal static class Chaos
{
    internal static bool IsLong => Environment.GetEnvironmentVariable("HIERAVID_CHAOS") == "1";

    /// <summary>Seeds as rows of a theory.</summary>
    public static TheoryData<int> Seeds(int few, int many) => [.. Enumerable.Range(0, IsLong ? many : few)];
}
