using System.Text.Json;

namespace HieraVid.Client.Tests;

/// <summary>Pruning as a user meets it: by default, by option, on the report, in the FLOPs table.</summary>
public class PrunedAskTests : ClientTest
{
    [Fact]
    public async Task Ask_prunes_by_default_and_says_how_much()
    {
        MakeVideo("v.mp4");
        (await RunAsync("model", "new", "m")).Succeeds();
        var outcome = (await RunAsync("ask", "v.mp4", "What moves?", "--model", "m", "--max-tokens", "4", "--json", "--report", "r.html"))
            .Succeeds();
        using var document = JsonDocument.Parse(outcome.Output);
        var root = document.RootElement;
        Assert.Equal("hieravid", root.GetProperty("method").GetString());
        Assert.Equal(0.3, root.GetProperty("budget").GetDouble());
        Assert.InRange(root.GetProperty("tokens").GetProperty("averageRetention").GetDouble(), 0.25, 0.35);
        Assert.InRange(root.GetProperty("flops").GetProperty("ratio").GetDouble(), 0.05, 0.35);
        Assert.True(root.GetProperty("segments").GetArrayLength() > 0);
        Assert.Contains("What moves?", File.ReadAllText(Path.Combine(Folder, "r.html")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("llava-video-7b", "none", "1", "80.16")]
    [InlineData("llava-video-7b", "hieravid", "0.3", "19.61")]
    [InlineData("llava-video-7b", "hieravid", "0.2", "13.77")]
    [InlineData("llava-video-7b", "hieravid", "0.1", "6.85")]
    [InlineData("llava-onevision-7b", "none", "1", "40.77")]
    [InlineData("llava-onevision-7b", "hieravid", "0.3", "10.74")]
    [InlineData("llava-onevision-7b", "hieravid", "0.2", "7.53")]
    [InlineData("llava-onevision-7b", "hieravid", "0.1", "3.82")]
    public async Task Flops_are_those_of_the_papers_tables(string model, string method, string budget, string teraflops)
    {
        var outcome = (await RunAsync("flops", "--model", model, "--method", method, "--budget", budget)).Succeeds();
        Assert.Matches($@"(?m)^ideal +{teraflops} TFLOPs", outcome.Output);
    }
}
