using System.Text.Json;
using HieraVid.Pruning;

namespace HieraVid.Client.Tests;

/// <summary><c>hieravid compare</c>, and the methods on the command line.</summary>
public sealed class CompareTests : ClientTest
{
    [Fact]
    public async Task All_methods_answer_after_one_encoding_and_one_that_cannot_says_why()
    {
        MakeVideo("v.mp4");
        (await RunAsync("model", "new", "m")).Succeeds();
        var outcome = (await RunAsync("compare", "v.mp4", "What </script> moves?", "--model", "m", "--budgets", "0.3,0.1", "--max-tokens", "2",
            "--json", "--report", "c.html")).Succeeds();
        using var document = JsonDocument.Parse(outcome.Output);
        var rows = document.RootElement.GetProperty("rows").EnumerateArray().ToList();
        Assert.Equal(1 + 2 * (PruningMethods.Names.Count - 1), rows.Count);
        Assert.Equal("none", rows[0].GetProperty("method").GetString());
        Assert.Equal(0, rows[0].GetProperty("divergence").GetDouble());
        foreach (var row in rows)
        {
            var isRefused = row.GetProperty("method").GetString() == "dycoke" && row.GetProperty("budget").GetDouble() < 0.25;
            Assert.Equal(isRefused, row.GetProperty("refusal").ValueKind == JsonValueKind.String);
            Assert.Equal(isRefused, row.GetProperty("entered").GetInt32() == 0);
            Assert.InRange(row.GetProperty("divergence").GetDouble(), 0, 100);
        }
        var page = await File.ReadAllTextAsync(At("c.html"), Cancel);
        Assert.Contains("What &lt;/script&gt; moves?", page, StringComparison.Ordinal);
        Assert.Equal(2, page.Split("</script>").Length - 1);
        NothingIsLeftBut("v.mp4", "m", "c.html");
    }

    [Fact]
    public async Task The_table_has_a_line_per_method_and_mistakes_are_refused()
    {
        MakeVideo("v.mp4");
        (await RunAsync("model", "new", "m")).Succeeds();
        string[] compare = ["compare", "v.mp4", "What moves?", "--model", "m", "--frames", "4", "--max-tokens", "2"];
        var outcome = (await RunAsync([.. compare, "--methods", "uniform, evs"])).Succeeds();
        Assert.Matches("(?m)^none +1 ", outcome.Output);
        Assert.Matches("(?m)^uniform +0.3 ", outcome.Output);
        Assert.Matches("(?m)^evs +0.3 ", outcome.Output);
        (await RunAsync([.. compare, "--methods", "uniformm"])).RefusesNaming("did you mean uniform?");
        (await RunAsync([.. compare, "--budgets", "0.3,2"])).RefusesNaming("--budgets 2");
        (await RunAsync("ask", "v.mp4", "What?", "--model", "m", "--method", "dycoke", "--budget", "0.1")).RefusesNaming("at least 0.25");
    }

    [Fact]
    public async Task The_flops_of_all_methods_stand_beside_the_papers()
    {
        var outcome = (await RunAsync("flops", "--method", "all", "--model", "llava-onevision-7b")).Succeeds();
        foreach (var name in PruningMethods.Names)
            Assert.Matches($"(?m)^{name} ", outcome.Output);
        Assert.Matches("(?m)^fastv +12.73 / 12.7 +9.31 / 9.3 +6.04 / 6.037$", outcome.Output);
        Assert.Matches("(?m)^dycoke +10.57 +- +-$", outcome.Output);
        Assert.Contains("streamingllm: The linear layers alone", outcome.Output, StringComparison.Ordinal);
    }
}
