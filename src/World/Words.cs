namespace HieraVid.World;

/// <summary>The English of things.</summary>
public static class Words
{
    private static readonly string[] Numbers = ["zero", "one", "two", "three", "four", "five", "six"];

    /// <summary>The word for a member of one of the enumerations: "red", "circle", "beach".</summary>
    public static string Of<T>(T thing) where T : struct, Enum => thing.ToString().ToLowerInvariant();

    /// <summary>"a red circle", "an orange circle".</summary>
    public static string A(string name) => $"{("aeiou".Contains(name[0], StringComparison.Ordinal) ? "an" : "a")} {name}";

    /// <summary>The greatest number that has a word.</summary>
    public static int GreatestNumber => Numbers.Length - 1;

    /// <summary>"zero" to "six".</summary>
    public static string Number(int count) => Numbers[count];
}
