namespace HieraVid.Models.Hub;

/// <summary>A file of a repository on the hub.</summary>
/// <param name="Path">Its path in the repository.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Digest">
/// What its content is known by: SHA-256 in hexadecimal where it is kept as a large file, else the SHA-1 of git's blob.
/// </param>
public sealed record HubFile(string Path, long Size, string Digest)
{
    private static readonly string[] s_kinds = [".safetensors", ".json", ".txt", ".jinja", ".md"];

    /// <summary>Whether a model is loaded from it, or a user reads it. Pickled weights are left where they are: they run code.</summary>
    public bool IsWanted => s_kinds.Contains(System.IO.Path.GetExtension(Path), StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether the path stays inside a folder and the digest is one, so that both may become file names.</summary>
    public bool IsSafe => Size >= 0 && Path.Length > 0 && !Path.Contains('\\') && !Path.Contains(':') && !Path.Any(char.IsControl)
        && Path.Split('/').All(part => part.Length > 0 && part is not ("." or ".."))
        && Digest.Length is 40 or 64 && Digest.All(char.IsAsciiHexDigitLower);
}
