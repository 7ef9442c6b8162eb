using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace HieraVid.Models.Tests.Hub;

/// <summary>
/// A server that plays the hub: lists a repository, answers small files itself and sends large ones to a second address, as
/// the hub does with its storage. It can demand a token, break connections and spoil contents.
/// </summary>
internal sealed class FakeHub : IAsyncDisposable
{
    internal const string Repository = "org/tiny-model";
    internal const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly HttpListener _hub, _storage;
    private readonly Task _serving;
    private readonly Dictionary<string, byte[]> _files;
    private readonly List<string> _requests = [];

    internal FakeHub(Dictionary<string, byte[]> files)
    {
        _files = files;
        (_hub, Address) = Listen();
        (_storage, StorageAddress) = Listen();
        _serving = Task.WhenAll(ServeAsync(_hub, Hub), ServeAsync(_storage, Storage));
    }

    internal Uri Address { get; }

    internal Uri StorageAddress { get; }

    /// <summary>The token that it demands; null serves everybody.</summary>
    internal string? Token { get; set; }

    /// <summary>Bytes after which the storage breaks each connection.</summary>
    internal int? BreaksAfter { get; set; }

    /// <summary>Whether the storage answers a range with the range.</summary>
    internal bool Resumes { get; set; } = true;

    /// <summary>Whether the storage sends something else than it should.</summary>
    internal bool Spoils { get; set; }

    /// <summary>A path that it lists beside the files.</summary>
    internal string? AlsoLists { get; set; }

    /// <summary>Paths that were asked for, with the range where there was one.</summary>
    internal IReadOnlyList<string> Requests => _requests;

    /// <summary>Whether the token was shown to the storage.</summary>
    internal bool LeakedToken { get; private set; }

    public async ValueTask DisposeAsync()
    {
        _hub.Close();
        _storage.Close();
        await _serving;
    }

    private static (HttpListener, Uri) Listen()
    {
        for (var attempt = 0; ; attempt++)
        {
            using var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            var address = $"http://localhost:{((IPEndPoint)probe.LocalEndpoint).Port}/";
            probe.Stop();
            var listener = new HttpListener();
            listener.Prefixes.Add(address);
            try
            {
                listener.Start();
                return (listener, new Uri(address));
            }
            catch (HttpListenerException) when (attempt < 20)
            {
                // Somebody else took the port in between.
            }
        }
    }

    private async Task ServeAsync(HttpListener listener, Action<HttpListenerContext> answer)
    {
        while (listener.IsListening)
        {
            try
            {
                var context = await listener.GetContextAsync();
                lock (_requests)
                    _requests.Add($"{context.Request.Url!.AbsolutePath} {context.Request.Headers["Range"]}".Trim());
                answer(context);
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException or IOException)
            {
                // The client hung up, or the test is over.
            }
        }
    }

    private void Hub(HttpListenerContext context)
    {
        var path = context.Request.Url!.AbsolutePath;
        if (Token is not null && context.Request.Headers["Authorization"] != $"Bearer {Token}")
            Refuse(context, 401);
        else if (path == $"/api/models/{Repository}/revision/main")
            Send(context, JsonSerializer.SerializeToUtf8Bytes(new { id = Repository, sha = Commit }));
        else if (path == $"/api/models/{Repository}/tree/{Commit}")
            List(context);
        else if (path.StartsWith($"/{Repository}/resolve/{Commit}/", StringComparison.Ordinal)
            && _files.TryGetValue(Uri.UnescapeDataString(path[$"/{Repository}/resolve/{Commit}/".Length..]), out var content))
            Resolve(context, path, content);
        else
            Refuse(context, 404);
    }

    // Two to a page.
    private void List(HttpListenerContext context)
    {
        var entries = _files.Select(file => (object)(IsLarge(file.Key)
            ? new { type = "file", oid = new string('0', 40), size = 130, path = file.Key, lfs = new { oid = Sha256(file.Value), size = file.Value.Length } }
            : new { type = "file", oid = GitSha1(file.Value), size = file.Value.Length, path = file.Key })).ToList();
        entries.Add(new { type = "directory", oid = new string('1', 40), size = 0, path = "folder" });
        if (AlsoLists is { } odd)
            entries.Add(new { type = "file", oid = new string('2', 40), size = 3, path = odd });
        var page = int.Parse(context.Request.QueryString["cursor"] ?? "0", CultureInfo.InvariantCulture);
        if ((page + 1) * 2 < entries.Count)
            context.Response.Headers["Link"] = $"<{Address}api/models/{Repository}/tree/{Commit}?recursive=true&cursor={page + 1}>; rel=\"next\"";
        Send(context, JsonSerializer.SerializeToUtf8Bytes(entries.Skip(page * 2).Take(2)));
    }

    private void Resolve(HttpListenerContext context, string path, byte[] content)
    {
        if (!IsLarge(path))
        {
            Send(context, content);
            return;
        }
        context.Response.Redirect(new Uri(StorageAddress, Path.GetFileName(path)).ToString());
        context.Response.Close();
    }

    private void Storage(HttpListenerContext context)
    {
        LeakedToken |= context.Request.Headers["Authorization"] is not null;
        var content = _files.First(file => "/" + Path.GetFileName(file.Key) == context.Request.Url!.AbsolutePath).Value.ToArray();
        if (Spoils)
            content[0] ^= 1;
        var from = 0;
        if (Resumes && context.Request.Headers["Range"] is { } range)
        {
            from = int.Parse(range["bytes=".Length..^1], CultureInfo.InvariantCulture);
            context.Response.StatusCode = 206;
            context.Response.Headers["Content-Range"] = $"bytes {from}-{content.Length - 1}/{content.Length}";
        }
        var rest = content.AsSpan(from);
        context.Response.ContentLength64 = rest.Length;
        if (BreaksAfter is { } most && rest.Length > most)
        {
            context.Response.OutputStream.Write(rest[..most]);
            context.Response.OutputStream.Flush();
            context.Response.Abort();
            return;
        }
        context.Response.OutputStream.Write(rest);
        context.Response.Close();
    }

    private static bool IsLarge(string path) => path.EndsWith(".safetensors", StringComparison.Ordinal) || path.EndsWith(".bin", StringComparison.Ordinal);

    private static void Send(HttpListenerContext context, byte[] content)
    {
        context.Response.ContentLength64 = content.Length;
        context.Response.OutputStream.Write(content);
        context.Response.Close();
    }

    private static void Refuse(HttpListenerContext context, int status)
    {
        context.Response.StatusCode = status;
        context.Response.Close();
    }

    private static string Sha256(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

#pragma warning disable CA5350 // Git's names of contents are SHA-1.
    private static string GitSha1(byte[] content) =>
        Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]));
#pragma warning restore CA5350
}
