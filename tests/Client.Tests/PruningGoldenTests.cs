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

    private static string Folder(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "HieraVid.sln")))
                return Path.Combine(folder.FullName, "tests", "fixtures", name);
        throw new InvalidOperationException("HieraVid.sln not found above the tests");
    }
}
