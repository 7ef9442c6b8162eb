using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace HieraVid.Models.Hub;

/// <summary>The hub's public interface: what a repository holds, and the bytes of a file.</summary>
internal sealed class HubClient : IDisposable
{
    private const int MostRedirects = 8;

    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        // Redirects are followed here: the token must not leave the hub, and https must stay https.
        AllowAutoRedirect = false,
        ConnectTimeout = TimeSpan.FromSeconds(20),
    })
    { Timeout = Timeout.InfiniteTimeSpan };

    private readonly HubSettings _settings;

    internal HubClient(HubSettings settings)
    {
        _settings = settings;
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("hieravid");
    }

    public void Dispose() => _http.Dispose();

    /// <summary>The commit of a revision, and its files.</summary>
    internal async Task<(string Commit, List<HubFile> Files)> ListAsync(string repository, string revision, CancellationToken cancellation)
    {
        var escaped = Uri.EscapeDataString(revision);
        using var info = await JsonAsync(Address($"api/models/{repository}/revision/{escaped}"), repository, revision, cancellation)
            .ConfigureAwait(false);
        if (!info.RootElement.TryGetProperty("sha", out var sha) || sha.GetString() is not { Length: 40 } commit || !commit.All(char.IsAsciiHexDigitLower))
            throw ModelException.Hub(repository, "the hub did not name the revision's commit");
        var files = new List<HubFile>();
        Uri? page = Address($"api/models/{repository}/tree/{commit}?recursive=true");
        while (page is not null)
        {
            using var response = await GetAsync(page, null, repository, revision, cancellation).ConfigureAwait(false);
            using var tree = await ReadAsync(response, repository, cancellation).ConfigureAwait(false);
            if (tree.RootElement.ValueKind != JsonValueKind.Array)
                throw ModelException.Hub(repository, "the hub did not list its files");
            files.AddRange(tree.RootElement.EnumerateArray().Where(entry => Text(entry, "type") == "file").Select(FileOf));
            page = NextPage(response, page);
        }
        return (commit, files);
    }

    /// <summary>Opens a file's content from some byte on.</summary>
    /// <returns>The response, and whether it begins where asked; else it begins at 0.</returns>
    internal async Task<(HttpResponseMessage Response, bool Resumed)> OpenAsync(
        string repository, string commit, string path, long from, CancellationToken cancellation)
    {
        var escaped = string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
        var range = from > 0 ? new RangeHeaderValue(from, null) : null;
        var response = await GetAsync(Address($"{repository}/resolve/{commit}/{escaped}"), range, repository, commit, cancellation)
            .ConfigureAwait(false);
        var resumed = response.StatusCode == HttpStatusCode.PartialContent && response.Content.Headers.ContentRange?.From == from;
        return (response, resumed);
    }

    private Uri Address(string path) => new(_settings.Endpoint, path);

    private async Task<JsonDocument> JsonAsync(Uri address, string repository, string revision, CancellationToken cancellation)
    {
        using var response = await GetAsync(address, null, repository, revision, cancellation).ConfigureAwait(false);
        return await ReadAsync(response, repository, cancellation).ConfigureAwait(false);
    }

    private static async Task<JsonDocument> ReadAsync(HttpResponseMessage response, string repository, CancellationToken cancellation)
    {
        try
        {
            using var content = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
            return await JsonDocument.ParseAsync(content, cancellationToken: cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is JsonException or HttpRequestException or IOException)
        {
            throw ModelException.Hub(repository, $"the hub's answer cannot be read ({e.Message.TrimEnd('.')})", e);
        }
    }

    private async Task<HttpResponseMessage> GetAsync(
        Uri address, RangeHeaderValue? range, string repository, string revision, CancellationToken cancellation)
    {
        try
        {
            for (var redirects = 0; redirects <= MostRedirects; redirects++)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, address);
                request.Headers.Range = range;
                if (_settings.Token is { } token && SameOrigin(address, _settings.Endpoint))
                    request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
                var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
                if (response.IsSuccessStatusCode)
                    return response;
                using (response)
                    address = Redirected(response, address) ?? throw Refusal(response.StatusCode, repository, revision);
            }
        }
        catch (HttpRequestException e)
        {
            throw ModelException.Hub(repository, $"{address.Host} cannot be reached ({e.Message.TrimEnd('.')})", e);
        }
        throw ModelException.Hub(repository, "the hub redirects in circles");
    }

    private static Uri? Redirected(HttpResponseMessage response, Uri address)
    {
        if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308) || response.Headers.Location is not { } location)
            return null;
        var target = new Uri(address, location);
        return target.Scheme == "https" || (target.Scheme == "http" && address.Scheme == "http") ? target : null;
    }

    private ModelException Refusal(HttpStatusCode status, string repository, string revision) => status switch
    {
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => ModelException.NotFound($"{repository} on {_settings.Endpoint.Host}",
            _settings.Token is null
                ? "it does not exist, or asks for a token: set HF_TOKEN"
                : "it does not exist, or the token in use has no access: accept the model's terms on its page"),
        HttpStatusCode.NotFound => ModelException.NotFound(
            $"{repository} at {revision} on {_settings.Endpoint.Host}", "check the name, which is ORG/NAME, and the revision"),
        _ => ModelException.Hub(repository, $"the hub answered {(int)status} ({status})"),
    };

    private static bool SameOrigin(Uri a, Uri b) => a.Scheme == b.Scheme && a.Host == b.Host && a.Port == b.Port;

    private static HubFile FileOf(JsonElement entry)
    {
        var large = entry.TryGetProperty("lfs", out var lfs) && lfs.ValueKind == JsonValueKind.Object ? lfs : entry;
        var size = large.TryGetProperty("size", out var bytes) && bytes.TryGetInt64(out var count) ? count : -1;
        return new HubFile(Text(entry, "path"), size, Text(large, "oid"));
    }

    private static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    // Long listings come in pages: Link: <address>; rel="next".
    private static Uri? NextPage(HttpResponseMessage response, Uri page)
    {
        if (!response.Headers.TryGetValues("Link", out var links))
            return null;
        var next = links.SelectMany(link => link.Split(',')).FirstOrDefault(link => link.Contains("rel=\"next\"", StringComparison.Ordinal));
        var (open, close) = (next?.IndexOf('<') ?? -1, next?.IndexOf('>') ?? -1);
        return open >= 0 && close > open ? new Uri(page, next![(open + 1)..close]) : null;
    }
}
