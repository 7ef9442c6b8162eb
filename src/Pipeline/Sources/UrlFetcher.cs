using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using HieraVid.Pipeline.Jobs;

namespace HieraVid.Pipeline.Sources;

/// <summary>
/// Fetches videos by address. A name is looked up once for each connection, and only an address of the public network is
/// dialled, so that no name and no redirect leads into the cluster's own network; no proxy, no cookies, no credentials. A
/// transfer that breaks off is gone on with where the server has a strong validator and takes ranges.
/// </summary>
public sealed class UrlFetcher : IDisposable
{
    private const int BufferBytes = 1 << 17;

    // Of one file. A line that breaks more often than that will not bring it.
    private const int MaxResumptions = 8;

    private readonly UrlRules _rules;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _lookUp;
    private readonly Func<IPAddress, bool> _mayDial;
    private readonly HttpClient _client;

    /// <summary>Fetches by rules.</summary>
    public UrlFetcher(UrlRules rules) : this(rules, Dns.GetHostAddressesAsync, rules.MayDial)
    {
    }

    internal UrlFetcher(UrlRules rules, Func<string, CancellationToken, Task<IPAddress[]>> lookUp, Func<IPAddress, bool> mayDial)
    {
        (_rules, _lookUp, _mayDial) = (rules, lookUp, mayDial);
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(15),
            MaxResponseHeadersLength = 32,
            ConnectCallback = ConnectAsync,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _client.DefaultRequestHeaders.UserAgent.ParseAdd("HieraVid");
    }

    /// <summary>Fetches a video.</summary>
    /// <param name="address">Its address.</param>
    /// <param name="path">Where it goes; nothing is there if it fails.</param>
    /// <param name="received">Told how many bytes are there.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="JobException">The address breaks a rule, cannot be reached, or has no file of the size allowed.</exception>
    public async Task FetchAsync(Uri address, string path, IProgress<long>? received, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(address);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_rules.Timeout);
        var growing = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            await SaveAsync(address, growing, received, limit.Token).ConfigureAwait(false);
            File.Move(growing, path, overwrite: true);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw UrlRules.Refused(address, $"it was not there after {_rules.Timeout.TotalMinutes:0.##} minutes");
        }
        catch (HttpRequestException e)
        {
            throw e.InnerException as JobException ?? UrlRules.Refused(address, $"it cannot be fetched ({e.Message.TrimEnd('.')})");
        }
        finally
        {
            File.Delete(growing);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    // From the address to whoever has the file, or the rest of it.
    private async Task<HttpResponseMessage> FollowAsync(Uri address, RangeHeaderValue? rest, RangeConditionHeaderValue? same, CancellationToken cancellation)
    {
        for (var redirects = 0; ; redirects++)
        {
            // Each of them: an allowed host may point to one that is not.
            _rules.Check(address);
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            (request.Headers.Range, request.Headers.IfRange) = (rest, same);
            var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.OK || (response.StatusCode == HttpStatusCode.PartialContent && rest is not null))
                return response;
            using (response)
            {
                var isRedirect = (int)response.StatusCode is 301 or 302 or 303 or 307 or 308;
                if (!isRedirect || response.Headers.Location is not { } location)
                    throw UrlRules.Refused(address, $"the server answered {(int)response.StatusCode}");
                if (redirects == _rules.MaxRedirects)
                    throw UrlRules.Refused(address, $"it points elsewhere more than {_rules.MaxRedirects} times");
                address = new Uri(address, location);
            }
        }
    }

    private async Task SaveAsync(Uri address, string path, IProgress<long>? received, CancellationToken cancellation)
    {
        var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0, FileOptions.Asynchronous);
        await using (file.ConfigureAwait(false))
        {
            RangeConditionHeaderValue? same = null;
            for (var resumptions = 0; ; resumptions++)
            {
                using var response = await FollowAsync(address, file.Position > 0 ? new RangeHeaderValue(file.Position, null) : null, same, cancellation).ConfigureAwait(false);
                // Another file by now, or a server that knows no ranges: from the beginning.
                if (response.StatusCode == HttpStatusCode.OK)
                    file.SetLength(0);
                else if (response.Content.Headers.ContentRange?.From != file.Position)
                    throw UrlRules.Refused(address, "the server answered with another part of the file than it was asked for");
                same = Validator(response) ?? same;
                try
                {
                    await CopyAsync(address, response, file, received, cancellation).ConfigureAwait(false);
                    return;
                }
                catch (IOException e) when (e is HttpIOException or { InnerException: SocketException })
                {
                    if (resumptions == MaxResumptions || same is null)
                        throw UrlRules.Refused(address, $"the transfer broke off at {file.Position} bytes");
                }
            }
        }
    }

    private async Task CopyAsync(Uri address, HttpResponseMessage response, FileStream file, IProgress<long>? received, CancellationToken cancellation)
    {
        if (file.Position + response.Content.Headers.ContentLength > _rules.MaxBytes)
            throw TooLong(address);
        var body = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        var buffer = new byte[BufferBytes];
        for (int read; (read = await body.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0;)
        {
            // The server's word on the length need not be true, or given.
            if (file.Position + read > _rules.MaxBytes)
                throw TooLong(address);
            await file.WriteAsync(buffer.AsMemory(0, read), cancellation).ConfigureAwait(false);
            received?.Report(file.Position);
        }
    }

    // By which the server knows that the rest is of the same file.
    private static RangeConditionHeaderValue? Validator(HttpResponseMessage response) =>
        response.Headers.ETag is { IsWeak: false } tag ? new RangeConditionHeaderValue(tag) : null;

    private JobException TooLong(Uri address) => UrlRules.Refused(address, FormattableString.Invariant(
        $"the file is longer than the {_rules.MaxBytes / 1e9:0.###} GB that are fetched"));

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var host = context.DnsEndPoint.Host;
        var addresses = await _lookUp(host, cancellation).ConfigureAwait(false);
        // All of them: a name of which one address is inside has no business here.
        if (addresses.Length == 0 || !Array.TrueForAll(addresses, address => _mayDial(address)))
            throw UrlRules.Refused(context.InitialRequestMessage.RequestUri!, $"{host} is not in the public network");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, cancellation).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
