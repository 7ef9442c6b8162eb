using HieraVid.Client.Verification;
using HieraVid.Models;

namespace HieraVid.Client.Tests;

/// <summary>The golden cases of the pruning methods.</summary>
public sealed class PruningGoldenTests
{
    [Fact]
    public void Every_HieraVid_case_passes_and_only_information_is_not_compared()
    {
        var results = GoldenSuite.Run(Folder("hieravid"), Compute.Reference).ToList();
        Assert.DoesNotContain(results, result => result.Outcome == GoldenOutcome.Fail);
        Assert.All(results.Where(result => result.Outcome == GoldenOutcome.NotCovered),
            result => Assert.StartsWith("info", result.Note, StringComparison.Ordinal));
        Assert.Equal(23, results.Select(result => result.Item.Split('/')[0]).Distinct().Count());
    }

    [Theory]
    [InlineData("fastvid", 28)]
    [InlineData("baselines/cdpruner", 3)]
    [InlineData("baselines/divprune", 3)]
    [InlineData("baselines/dycoke", 6)]
    [InlineData("baselines/evs", 4)]
    [InlineData("baselines/fastv", 6)]
    [InlineData("baselines/flashvid", 6)]
    [InlineData("baselines/flops", 66)]
    [InlineData("baselines/framefusion", 6)]
    [InlineData("baselines/holitom", 8)]
    [InlineData("baselines/prumerge", 6)]
    [InlineData("baselines/prunevid", 7)]
    [InlineData("baselines/sampling", 5)]
    [InlineData("baselines/streaming_llm", 6)]
    [InlineData("baselines/vidcom2", 4)]
    [InlineData("baselines/visionzip", 7)]
    public void Every_case_of_the_other_methods_passes(string folder, int cases)
    {
        var results = GoldenSuite.Run(Folder(folder), Compute.Reference).ToList();
        Assert.DoesNotContain(results, result => result.Outcome == GoldenOutcome.Fail);
        Assert.All(results.Where(result => result.Outcome == GoldenOutcome.NotCovered),
            result => Assert.StartsWith("info", result.Note, StringComparison.Ordinal));
        Assert.Equal(cases, results.Select(result => result.Item.Split('/') is [.. var parts, _] && folder != "baselines/flops"
            ? string.Join('/', parts) : result.Item).Distinct().Count());
    }

    private static string Folder(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "HieraVid.sln")))
                return Path.Combine(folder.FullName, "tests", "fixtures", name);
        throw new InvalidOperationException("HieraVid.sln not found above the tests");
    }
}
