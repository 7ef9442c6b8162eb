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

        var second = (await RunInAsync("/", [], "demo")).Succeeds();
        Assert.DoesNotContain("Making", second.Errors, StringComparison.Ordinal);
        Assert.Equal(first.Output, second.Output);
    }
}
