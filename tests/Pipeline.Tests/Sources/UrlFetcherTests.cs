using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Sources;

namespace HieraVid.Pipeline.Tests.Sources;

/// <summary>
/// Fetching over HTTP, from servers on 127.0.0.1, which stands for the public network here, and 127.0.0.2, which stands for
/// the inside.
/// </summary>
public sealed class UrlFetcherTests : IDisposable
{
    private static readonly IPAddress s_outside = IPAddress.Parse("127.0.0.1"), s_inside = IPAddress.Parse("127.0.0.2");

    private readonly string _folder = Directory.CreateTempSubdirectory("fetch-").FullName;
    private readonly TcpListener _server = new(s_outside, 0);
    private Tuple<string[], List<string>>? _script;

    public UrlFetcherTests() => _server.Start();

    public void Dispose()
    {
        _server.Stop();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_file_comes_whole()
    {
        Serve("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nvideo");
        var path = await FetchAsync("/a.mp4");
        Assert.Equal("video", await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n300\r\n{768}\r\n300\r\n{768}\r\n0\r\n\r\n")]
    public async Task A_file_that_is_too_long_is_refused_whatever_the_server_says(string answer) =>
        await RefusedAsync(answer, "longer than the 0 GB that are fetched");

    [Fact]
    public async Task A_transfer_that_breaks_off_goes_on_where_it_was()
    {
        var requests = Serve("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 10\r\n\r\nvide",
            "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes 4-9/10\r\nContent-Length: 6\r\n\r\noout");
        var refused = await Assert.ThrowsAsync<JobException>(() => FetchAsync("/a.mp4"));
        Assert.Contains("another part of the file", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Range: bytes=4-", requests[1], StringComparison.Ordinal);
        Assert.Contains("If-Range: \"v1\"", requests[1], StringComparison.Ordinal);
        requests = Serve("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 7\r\n\r\nvide",
            "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes 4-6/7\r\nContent-Length: 3\r\n\r\no.m");
        Assert.Equal("video.m", await File.ReadAllTextAsync(await FetchAsync("/a.mp4"), TestContext.Current.CancellationToken));
        Assert.Equal(2, requests.Count);
    }

    [Fact]
    public async Task A_file_that_changed_in_the_middle_is_fetched_from_the_beginning()
    {
        Serve("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 7\r\n\r\nold", "HTTP/1.1 200 OK\r\nETag: \"v2\"\r\nContent-Length: 3\r\n\r\nnew");
        Assert.Equal("new", await File.ReadAllTextAsync(await FetchAsync("/a.mp4"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_file_that_breaks_off_is_not_taken() =>
        await Assert.ThrowsAnyAsync<Exception>(() => AnsweredAsync("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"));

    [Theory]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: http://inside.test:{port}/\r\nContent-Length: 0\r\n\r\n", "inside.test is not in the public network")]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: http://both.test:{port}/\r\nContent-Length: 0\r\n\r\n", "both.test is not in the public network")]
    [InlineData("HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.2:{port}/\r\nContent-Length: 0\r\n\r\n", "127.0.0.2 is not in the public network")]
    [InlineData("HTTP/1.1 307 Moved\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", "only http and https")]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n", "points elsewhere more than 5 times")]
    [InlineData("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "the server answered 404")]
    public async Task Answers_that_lead_nowhere_or_inside_are_refused(string answer, string why) => await RefusedAsync(answer, why);

    [Theory]
    [InlineData("10.2.3.4", true)]
    [InlineData("::ffff:10.2.3.4", true)]
    [InlineData("10.3.0.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("fd00::1", false)]
    [InlineData("8.8.8.8", true)]
    public void A_network_of_our_own_is_dialled_where_it_is_named(string address, bool may) =>
        Assert.Equal(may, new UrlRules { Networks = [IPNetwork.Parse("10.2.0.0/16")] }.MayDial(IPAddress.Parse(address)));

    [Fact]
    public async Task The_real_fetcher_dials_nothing_inside()
    {
        using var fetcher = new UrlFetcher(new UrlRules { Hosts = ["*"], AllowHttp = true, Ports = [Port] });
        var refused = await Assert.ThrowsAsync<JobException>(() => fetcher.FetchAsync(
            new Uri($"http://localhost:{Port}/"), Path.Combine(_folder, "a"), null, TestContext.Current.CancellationToken));
        Assert.Contains("localhost is not in the public network", refused.Message, StringComparison.Ordinal);
        Assert.False(_server.Pending());
    }

    private int Port => ((IPEndPoint)_server.LocalEndpoint).Port;

    private async Task RefusedAsync(string answer, string why)
    {
        var refused = await Assert.ThrowsAsync<JobException>(() => AnsweredAsync(answer));
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    private Task<string> AnsweredAsync(string answer)
    {
        Serve(answer.Replace("{port}", Port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal).Replace("{768}", new string('x', 768), StringComparison.Ordinal));
        return FetchAsync("/a.mp4");
    }

    private async Task<string> FetchAsync(string file)
    {
        using var fetcher = new UrlFetcher(
            new UrlRules { Hosts = ["*"], AllowHttp = true, Ports = [Port], MaxBytes = 1000 },
            (host, _) => Task.FromResult<IPAddress[]>(host switch
            {
                "inside.test" => [s_inside],
                "both.test" => [s_outside, s_inside],
                "outside.test" => [s_outside],
                _ => [IPAddress.Parse(host)],
            }),
            address => address.Equals(s_outside));
        var path = Path.Combine(_folder, "video");
        await fetcher.FetchAsync(new Uri($"http://outside.test:{Port}{file}"), path, null, TestContext.Current.CancellationToken);
        return path;
    }

    // One answer after the other, and the last to every further request; after each the end of the connection. Gives back
    // what was asked.
    private List<string> Serve(params string[] answers)
    {
        List<string> requests = [];
        if (Interlocked.Exchange(ref _script, Tuple.Create(answers, requests)) is not null)
            return requests;
        _ = Task.Run(async () =>
        {
            while (true)
            {
                using var connection = await _server.AcceptTcpClientAsync();
                var stream = connection.GetStream();
                var buffer = new byte[4096];
                var read = await stream.ReadAsync(buffer);
                var (said, asked) = _script!;
                asked.Add(Encoding.ASCII.GetString(buffer, 0, read));
                await stream.WriteAsync(Encoding.ASCII.GetBytes(said[Math.Min(asked.Count, said.Length) - 1]));
            }
        });
        return requests;
    }
}
