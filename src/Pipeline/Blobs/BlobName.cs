using System.Buffers;

namespace HieraVid.Pipeline.Blobs;

/// <summary>
/// The rule for names in a store: parts of letters, digits, '-', '_' and '.', with '/' between them and no part that
/// begins with '.'. So no name leaves the store, hides in it or means something to a shell, whoever made it up.
/// </summary>
public static class BlobName
{
    /// <summary>The file that marks a folder as claimed.</summary>
    public const string Claim = "lock";

    // Azure allows 1024 characters, and a file system 255 bytes for a part.
    private const int MaxLength = 512, MaxPart = 200;

    private static readonly SearchValues<char> s_allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    /// <summary>Whether a name keeps the rule.</summary>
    public static bool IsSound(string name) =>
        name.Length is > 0 and <= MaxLength && Array.TrueForAll(name.Split('/'), IsSoundPart);

    /// <summary>Checks a name.</summary>
    /// <returns>The name.</returns>
    /// <exception cref="ArgumentException">It breaks the rule.</exception>
    public static string Check(string name) => IsSound(name)
        ? name
        : throw new ArgumentException($"'{name}' is no name for a file of a store: parts are letters, digits, '-', '_' and '.', and begin with no '.'.", nameof(name));

    private static bool IsSoundPart(string part) =>
        part.Length is > 0 and <= MaxPart && part[0] != '.' && !part.AsSpan().ContainsAnyExcept(s_allowed);
}
