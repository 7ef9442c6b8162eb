namespace HieraVid.Pipeline.Tokens;

/// <summary>Where this program keeps what can be made again.</summary>
public static class UserCache
{
    /// <summary><c>hieravid</c> in XDG_CACHE_HOME or ~/.cache.</summary>
    public static string Folder => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
            ? cache
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "hieravid");
}
