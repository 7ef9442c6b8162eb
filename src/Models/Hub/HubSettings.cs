namespace HieraVid.Models.Hub;

/// <summary>Where the hub is, where downloads are kept, and who asks.</summary>
/// <param name="Endpoint">The hub's address.</param>
/// <param name="CacheFolder">The folder of all repositories.</param>
/// <param name="Token">The user's token; null asks for public files only.</param>
public sealed record HubSettings(Uri Endpoint, string CacheFolder, string? Token)
{
    private const string PublicEndpoint = "https://huggingface.co";

    /// <summary>
    /// As the hub's own tools read the environment: HF_ENDPOINT; HF_HUB_CACHE, or hub under HF_HOME, or under
    /// huggingface in XDG_CACHE_HOME or ~/.cache; HF_TOKEN, or the file token under HF_HOME.
    /// </summary>
    /// <param name="environment">Gives a variable, or null.</param>
    /// <exception cref="ModelException">HF_ENDPOINT is no address.</exception>
    public static HubSettings Read(Func<string, string?> environment)
    {
        string? Get(string name) => environment(name) is { Length: > 0 } value ? value : null;
        var caches = Get("XDG_CACHE_HOME")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        var home = Get("HF_HOME") ?? Path.Combine(caches, "huggingface");
        var endpoint = Get("HF_ENDPOINT") ?? PublicEndpoint;
        if (!Uri.TryCreate(endpoint.TrimEnd('/') + "/", UriKind.Absolute, out var address) || address.Scheme is not ("https" or "http"))
            throw ModelException.Option("HF_ENDPOINT", endpoint, $"give an address such as {PublicEndpoint}");
        return new HubSettings(address, Get("HF_HUB_CACHE") ?? Path.Combine(home, "hub"), Get("HF_TOKEN") ?? SavedToken(home));
    }

    private static string? SavedToken(string home)
    {
        var path = Path.Combine(home, "token");
        return File.Exists(path) && File.ReadAllText(path).Trim() is { Length: > 0 } token ? token : null;
    }
}
