using System.Text.Json;

namespace HieraVid.Client.Tests;

public class DoctorTests : ClientTest
{
    [Fact]
    public async Task A_healthy_file()
    {
        MakeVideo("fine.mp4", 1, "64x48", "-movflags", "+faststart");
        var outcome = (await RunAsync("doctor", "fine.mp4")).Succeeds();
        Assert.Contains("Healthy", outcome.Output, StringComparison.Ordinal);
        Assert.Equal("", outcome.Errors);
        using var document = JsonDocument.Parse((await RunAsync("doctor", "fine.mp4", "--json")).Succeeds().Output);
        Assert.Equal(10, document.RootElement.GetProperty("frameCount").GetInt32());
        Assert.Empty(document.RootElement.GetProperty("findings").EnumerateArray());
    }

    [Fact]
    public async Task The_printed_command_heals_a_sick_file()
    {
        MakeVideo("sick file.mp4");
        var sick = (await RunAsync("doctor", "sick file.mp4")).Succeeds();
        Assert.Contains("index (moov) comes after the pictures", sick.Output, StringComparison.Ordinal);
        var fix = Assert.Single(sick.Output.Split('\n'), line => line.StartsWith("  ffmpeg ", StringComparison.Ordinal));
        Assert.Equal(0, (await ShellAsync($"{fix} -nostdin -v error")).ExitCode);

        var healed = Assert.Single(Directory.GetFiles(Folder), path => !path.EndsWith("sick file.mp4", StringComparison.Ordinal));
        Assert.Contains("Healthy", (await RunAsync("doctor", healed)).Succeeds().Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("missing.mp4")]
    [InlineData("text.mp4")]
    public async Task What_is_no_video_is_refused(string name)
    {
        await File.WriteAllTextAsync(At("text.mp4"), "hello", Cancel);
        (await RunAsync("doctor", name)).RefusesNaming(name);
    }
}
