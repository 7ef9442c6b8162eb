using System.Text.Json;

namespace HieraVid.Client.Tests;

public class DemoTests : ClientTest
{
    [Fact]
    public async Task The_demo_answers_rightly_from_any_folder_and_shows_the_frames()
    {
        var demo = (await RunInAsync("/", [], "demo")).Succeeds();
        var expected = File.ReadLines(Path.Combine(Repository.Root, "samples", "world.jsonl"))
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("answer").GetString()).ToList();
        Assert.Equal(3, expected.Count);
        Assert.Equal(expected, demo.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("3 of 3 answers right", demo.Errors, StringComparison.Ordinal);
        var pages = Directory.GetFiles(Path.Combine(Cache, "hieravid", "demo"), "*.html");
        Assert.Equal(3, pages.Length);
        // The beginning of a JPEG file, as pages write bytes.
        Assert.All(pages, page => Assert.Equal(16, File.ReadAllText(page).Split("_9j_").Length - 1));
        NothingIsLeftBut();
    }

    [Fact]
    public async Task An_interrupted_demo_leaves_nothing_behind()
    {
        using var demo = Start("/", [], "demo");
        Assert.StartsWith("Video: ", await demo.StandardError.ReadLineAsync(Cancel), StringComparison.Ordinal);
        Tool("sh", "-c", $"kill -INT {demo.Id}");
        await demo.WaitForExitAsync(Cancel);
        Assert.Equal(130, demo.ExitCode);
        NothingIsLeftBut();
    }
}
