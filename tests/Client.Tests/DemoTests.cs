namespace HieraVid.Client.Tests;

public class DemoTests : ClientTest
{
    [Fact]
    public async Task The_demo_answers_from_any_folder_and_makes_its_checkpoint_once()
    {
        var first = (await RunAsync("demo")).Succeeds();
        Assert.Contains("Making a random tiny checkpoint", first.Errors, StringComparison.Ordinal);
        Assert.NotEqual("", first.Output.Trim());
        NothingIsLeftBut();

        // The second time it is only watched until it has its checkpoint.
        using var second = Start("/", [], "demo");
        Assert.StartsWith("Video: ", await second.StandardError.ReadLineAsync(Cancel), StringComparison.Ordinal);
        Tool("sh", "-c", $"kill -INT {second.Id}");
        await second.WaitForExitAsync(Cancel);
        Assert.Equal(130, second.ExitCode);
        NothingIsLeftBut();
    }
}
