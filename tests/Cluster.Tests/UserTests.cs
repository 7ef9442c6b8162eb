using System.Text.Json;
using System.Text.RegularExpressions;

namespace HieraVid.Cluster.Tests;

/// <summary>What users do with a cluster, from their terminal: the answer is that of <c>ask</c>.</summary>
[Collection(nameof(WithCluster))]
public sealed partial class UserTests(WholeCluster cluster) : IAsyncLifetime
{
    public ValueTask InitializeAsync() => new(cluster.ReadyAsync());

    public ValueTask DisposeAsync() => default;

    [Fact]
    public async Task A_video_that_was_uploaded_is_answered_as_ask_does_with_the_same_report()
    {
        var alone = await AskAsync("--report", "ask.html");
        var id = await cluster.SubmitAsync(cluster.Video);
        // Nothing but the broker is asked; the jobs' own interface is somewhere else.
        var watched = await cluster.RunAsync("watch", id);
        Assert.True(watched.Code == 0, watched.Errors);
        Assert.Equal(alone.GetProperty("answer").GetString(), watched.Output.TrimEnd('\n'));
        foreach (var stage in new[] { "encode", "prune", "prefill" })
            Assert.Contains($"{stage}: ", watched.Errors, StringComparison.Ordinal);

        var result = await cluster.RunAsync("result", id, "--json", "--report", "result.html", "--cluster", $"{cluster.Address}");
        Assert.True(result.Code == 0, result.Errors);
        var report = JsonDocument.Parse(result.Output).RootElement;
        foreach (var what in new[] { "answer", "finish", "keptTokens", "tokens", "segments", "video" })
            Assert.Equal(alone.GetProperty(what).GetRawText(), report.GetProperty(what).GetRawText());
        var (asked, made) = (Page("ask.html"), Page("result.html"));
        Assert.Equal(asked, made);
        Assert.Contains("\"pictures\":[\"", made, StringComparison.Ordinal);
        // The pictures are of nobody's business any more.
        Assert.Equal([$"reports/{id}/report.json.gz", $"reports/{id}/sheet.json"], cluster.Store().List($"reports/{id}").Select(file => file.Name).Order());
    }

    [Fact]
    public async Task Who_begins_to_watch_when_it_is_over_is_told_the_answer_all_the_same()
    {
        var id = await cluster.SubmitAsync(cluster.Video, more: "--watch");
        var answer = id.Split('\n', 2)[1];
        var again = await cluster.RunAsync("watch", id.Split('\n')[0]);
        Assert.Equal((0, answer), (again.Code, again.Output.TrimEnd('\n')));
    }

    [Fact]
    public async Task A_job_is_cancelled_through_the_broker_alone()
    {
        var id = await cluster.SubmitAsync(cluster.Video, maxTokens: 4000);
        using var watch = cluster.Start("watch", id);
        var errors = watch.StandardError.ReadToEndAsync();
        var cancelled = await cluster.RunAsync("cancel", id);
        Assert.Equal((0, $"Job {id} is cancelled.\n"), (cancelled.Code, cancelled.Errors));
        await watch.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, watch.ExitCode);
        Assert.Contains("The job was cancelled.", await errors, StringComparison.Ordinal);
        // Again changes nothing; and of one that nobody knows it is said.
        Assert.Equal($"Job {id} is cancelled.\n", (await cluster.RunAsync("cancel", id)).Errors);
        Assert.Contains("does not know job", (await cluster.RunAsync("cancel", $"{Guid.NewGuid():N}")).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_video_on_the_web_is_fetched_once_and_answered_as_one_that_was_uploaded()
    {
        var alone = await AskAsync();
        var path = $"/film.mp4?sig={WebServer.Signature}";
        cluster.Web.Serve(path, await File.ReadAllBytesAsync(cluster.Video, TestContext.Current.CancellationToken));
        cluster.Web.Redirect("/link", path);
        var id = await cluster.SubmitAsync($"{cluster.Web.Address}link");
        var watched = await cluster.RunAsync("watch", id);
        Assert.Equal((0, alone.GetProperty("answer").GetString()), (watched.Code, watched.Output.TrimEnd('\n')));
        Assert.Single(cluster.Web.Asked, path);
        Assert.Equal(0, (await cluster.RunAsync("result", id, "--report", "web.html", "--cluster", $"{cluster.Address}")).Code);
    }

    [Theory]
    [InlineData("/inside", "http://127.0.0.2:{port}/film.mp4", "127.0.0.2 is not in the public network")]
    [InlineData("/metadata", "http://169.254.169.254:{port}/latest/meta-data", "169.254.169.254 is not in the public network")]
    [InlineData("/mapped", "http://[::ffff:10.0.0.1]:{port}/", "is not in the public network")]
    [InlineData("/port", "http://127.0.0.1:22/", "port 22 is not among those allowed")]
    [InlineData("/file", "file:///etc/passwd", "only http and https")]
    [InlineData("/missing", null, "the server answered 404")]
    [InlineData("/page", "<html>Log in</html>", "The video is not a video file")]
    public async Task An_address_that_leads_astray_ends_the_job_with_a_sentence(string path, string? leads, string why)
    {
        if (leads?.StartsWith('<') is true)
            cluster.Web.Serve(path, System.Text.Encoding.ASCII.GetBytes(leads));
        else if (leads is not null)
            cluster.Web.Redirect(path, leads.Replace("{port}", $"{cluster.Web.Address.Port}", StringComparison.Ordinal));
        var id = await cluster.SubmitAsync($"{cluster.Web.Address}{path[1..]}");
        var watched = await cluster.RunAsync("watch", id);
        Assert.Equal(2, watched.Code);
        Assert.Contains(why, watched.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", watched.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://user:word@host/v.mp4", "holds a user or password")]
    [InlineData("https://host/v.mp4", "port 443 is not among those allowed")]
    [InlineData("store:results/1", "none of a video in the cluster's store")]
    public async Task A_source_that_breaks_a_rule_is_refused_before_anything_is_done(string source, string why)
    {
        var watched = await cluster.RunAsync("watch", await cluster.SubmitAsync(source));
        Assert.Equal(2, watched.Code);
        Assert.Contains(why, watched.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("word", watched.Errors.Replace("password", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    private async Task<JsonElement> AskAsync(params string[] more)
    {
        var alone = await cluster.RunAsync(["ask", cluster.Video, "What is moving?", "--model", cluster.Model, "--dtype", "f32", "--threads", "1",
            "--chunk-frames", "4", "--max-tokens", "12", "--json", .. more]);
        Assert.True(alone.Code == 0, alone.Errors);
        return JsonDocument.Parse(alone.Output).RootElement;
    }

    // But for how long it took, and how much memory.
    private string Page(string name) =>
        Measured().Replace(File.ReadAllText(Path.Combine(cluster.Folder, name)), "");

    [GeneratedRegex("\"timing\":\\{[^}]*\\}|\"peakMemoryBytes\":[0-9]+|\"load\":[0-9.]+")]
    private static partial Regex Measured();
}
