using System.Net;
using System.Text;
using Npgsql;

namespace HieraVid.Cluster.Tests;

/// <summary>
/// Over a whole run, with a job that succeeds and one that fails, no secret is in any log, in what the silos answer, on the
/// dashboard, in the database or in the store.
/// </summary>
[Collection(nameof(WithCluster))]
public sealed class SecretsTests(WholeCluster cluster) : IAsyncLifetime
{
    public ValueTask InitializeAsync() => new(cluster.ReadyAsync());

    public ValueTask DisposeAsync() => default;

    [Fact]
    public async Task No_secret_is_logged_shown_or_stored()
    {
        var path = $"/film.mp4?sig={WebServer.Signature}";
        cluster.Web.Serve(path, await File.ReadAllBytesAsync(cluster.Video, TestContext.Current.CancellationToken));
        var good = await cluster.SubmitAsync($"{cluster.Web.Address}{path[1..]}");
        var bad = await cluster.SubmitAsync($"{cluster.Web.Address}missing?sig={WebServer.Signature}");
        var astray = await cluster.SubmitAsync($"https://elsewhere/film?sig={WebServer.Signature}");
        Dictionary<string, string> seen = [];
        foreach (var (id, code) in new[] { (good, 0), (bad, 2), (astray, 2) })
        {
            var watched = await cluster.RunAsync("watch", id);
            Assert.Equal(code, watched.Code);
            seen[$"watch of {id}"] = watched.Output + watched.Errors;
        }
        seen["jobs"] = (await cluster.RunAsync("jobs", "--json", "--cluster", $"{cluster.Address}")).Output;
        Assert.Contains("film.mp4", seen["jobs"], StringComparison.Ordinal);
        foreach (var (name, silo) in cluster.Silos)
            seen[$"log of {name}"] = silo.Whole;
        await AddAnswersAsync(seen, cluster.Address, ["/jobs", $"/jobs/{good}", $"/jobs/{good}/result", "/board", "/metrics", "/health/ready", "/health/live"]);
        await AddDashboardAsync(seen, good);
        await AddDatabaseAsync(seen, good);
        foreach (var file in cluster.Store().List("").Where(file => !file.Name.StartsWith("videos/", StringComparison.Ordinal)))
        {
            using var copy = cluster.Store().Get(file.Name)!;
            seen[$"the store's {file.Name}"] = Encoding.Latin1.GetString(await Unpacked(copy.Path));
        }
        Assert.All(seen, part => Assert.All(WholeCluster.Secrets, secret =>
            Assert.False(Holds(part.Value, secret), $"{part.Key} holds {secret}:\n{part.Value}")));
    }

    [Fact]
    public void A_secret_is_found_in_base64_too() => Assert.All(Enumerable.Range(0, 3), before =>
        Assert.True(Holds(Convert.ToBase64String(Encoding.UTF8.GetBytes($"{new string('x', before)}{WebServer.Signature} and more")), WebServer.Signature)));

    private static async Task AddAnswersAsync(Dictionary<string, string> seen, Uri address, string[] paths)
    {
        using var http = new HttpClient { BaseAddress = address };
        foreach (var path in paths)
            seen[path] = await http.GetStringAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
    }

    private async Task AddDashboardAsync(Dictionary<string, string> seen, string job)
    {
        var cookies = new CookieContainer();
        using var http = new HttpClient(new HttpClientHandler { CookieContainer = cookies }) { BaseAddress = new Uri($"http://127.0.0.1:{cluster.Dashboard}") };
        var refused = await http.GetAsync(new Uri("/dashboard/", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        var key = WholeCluster.Secrets[1];
        foreach (var path in new[] { $"?key={key}", "DashboardCounters", "ClusterStats", "Reminders", "GrainTypes", $"GrainState?grainType=videojob&grainId={job}" })
        {
            // Its figures come some seconds after the silo.
            var answer = await http.GetAsync(new Uri($"/dashboard/{path}", UriKind.Relative), TestContext.Current.CancellationToken);
            for (var i = 0; i < 60 && !answer.IsSuccessStatusCode; i++)
            {
                await Task.Delay(500, TestContext.Current.CancellationToken);
                answer = await http.GetAsync(new Uri($"/dashboard/{path}", UriKind.Relative), TestContext.Current.CancellationToken);
            }
            var said = seen[$"the dashboard's {path.Replace(key, "...", StringComparison.Ordinal)}"] = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode} {said}");
        }
    }

    private async Task AddDatabaseAsync(Dictionary<string, string> seen, string job)
    {
        await using var database = new NpgsqlConnection(cluster.Database);
        await database.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand("SELECT concat(s.*, convert_from(payload, 'LATIN1')) FROM hieravid_state s UNION ALL SELECT concat(r.*) FROM hieravid_reminder r UNION ALL SELECT concat(m.*) FROM hieravid_silo m", database);
        await using var rows = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        for (var row = 0; await rows.ReadAsync(TestContext.Current.CancellationToken); row++)
            seen[$"row {row} of the database"] = rows.GetString(0);
        // What is looked at is what was written.
        Assert.Contains(seen.Values, value => value.Contains(job, StringComparison.Ordinal) && value.Contains("What is moving?", StringComparison.Ordinal));
    }

    private static async Task<byte[]> Unpacked(string path)
    {
        var bytes = await File.ReadAllBytesAsync(path);
        if (bytes is not [0x1f, 0x8b, ..])
            return bytes;
        using var whole = new MemoryStream();
        await using (var packed = new System.IO.Compression.GZipStream(new MemoryStream(bytes), System.IO.Compression.CompressionMode.Decompress))
            await packed.CopyToAsync(whole);
        return whole.ToArray();
    }

    // As it is, and within base64 at any of the three places that a byte may have there.
    private static bool Holds(string text, string secret) => text.Contains(secret, StringComparison.Ordinal) || Enumerable.Range(0, 3).Any(before =>
    {
        var bytes = Encoding.UTF8.GetBytes(new string('x', before) + secret);
        // Without the ends, which depend on the neighbours.
        var coded = Convert.ToBase64String(bytes, 0, bytes.Length / 3 * 3);
        return text.Contains(coded[(before == 0 ? 0 : 4)..], StringComparison.Ordinal);
    });
}
