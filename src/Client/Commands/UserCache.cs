namespace HieraVid.Client.Commands;

/// <summary>Where commands keep what can be made again.</summary>
internal static class UserCache
{
    /// <summary><c>hieravid</c> in XDG_CACHE_HOME or ~/.cache.</summary>
    internal static string Folder => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
            ? cache
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "hieravid");
}
