namespace HieraVid.Client.Tests;

public class HelpTests : ClientTest
{
    [Theory]
    [InlineData("")]
    [InlineData("ask")]
    [InlineData("demo")]
    [InlineData("doctor")]
    [InlineData("verify")]
    [InlineData("gpu-check")]
    [InlineData("model")]
    [InlineData("model new")]
    [InlineData("model info")]
    public async Task Help_shows_an_example_of_the_command(string command)
    {
        var outcome = (await RunAsync([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"])).Succeeds();
        Assert.Matches($"(?s)Examples?:.*hieravid {command}", outcome.Output);
        Assert.Equal("", outcome.Errors);
    }

    [Fact]
    public async Task The_version_is_a_number() =>
        Assert.Matches(@"^\d+\.\d+\.\d+", (await RunAsync("--version")).Succeeds().Output);
}
