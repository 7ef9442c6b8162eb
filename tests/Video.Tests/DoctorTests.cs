namespace HieraVid.Video.Tests;

public sealed class DoctorTests : TestVideos
{
    [Fact]
    public async Task A_healthy_file_has_no_findings() =>
        Assert.Empty(VideoDoctor.Examine(await Probe(Make("a.mp4", arguments: ["-pix_fmt", "yuv420p", "-movflags", "+faststart"]))));

    [Theory]
    [InlineData(FindingKind.IndexAtEnd, "it's a name.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p")]
    [InlineData(FindingKind.LongGop, "a.mkv", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "999", "-sc_threshold", "0", "-vf", "fps=200")]
    [InlineData(FindingKind.VariableFrameRate, "a.mkv", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-vf", "setpts=N*N/40/TB", "-fps_mode", "vfr")]
    [InlineData(FindingKind.OddCodec, "a.avi", "-c:v", "huffyuv", "-pix_fmt", "yuv422p")]
    [InlineData(FindingKind.OddPixelFormat, "a.mkv", "-c:v", "libx264", "-pix_fmt", "yuv444p10le")]
    [InlineData(FindingKind.NonSquarePixels, "a.mkv", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-vf", "setsar=4/3")]
    [InlineData(FindingKind.LargeFrames, "a.mkv", "-c:v", "mpeg4", "-vf", "scale=2640:1600,setsar=1", "-frames:v", "2")]
    public async Task The_printed_command_fixes_the_finding(FindingKind kind, string name, params string[] arguments)
    {
        var finding = Assert.Single(VideoDoctor.Examine(await Probe(Make(name, arguments: arguments))));
        Assert.Equal(kind, finding.Kind);
        await AssertFixed(finding);
    }

    [Fact]
    public async Task A_turned_video_is_made_upright()
    {
        Make("a.mkv", arguments: ["-c:v", "libx264", "-pix_fmt", "yuv420p"]);
        Run("ffmpeg", "-i", At("a.mkv"), "-c", "copy", "-metadata:s:v", "rotate=90", "-movflags", "+faststart", At("turned.mp4"));
        var finding = Assert.Single(VideoDoctor.Examine(await Probe(At("turned.mp4"))));
        Assert.Equal((FindingKind.Rotation, FindingSeverity.Note), (finding.Kind, finding.Severity));
        await AssertFixed(finding);
    }

    [Fact]
    public async Task A_file_without_a_length_is_given_one()
    {
        Make("a.mp4", arguments: ["-c:v", "libx264", "-pix_fmt", "yuv420p"]);
        await File.WriteAllBytesAsync(At("a.mkv"), Run("ffmpeg", "-i", At("a.mp4"), "-c", "copy", "-f", "matroska", "pipe:1"), Cancel);
        var finding = Assert.Single(VideoDoctor.Examine(await Probe(At("a.mkv"))));
        Assert.Equal(FindingKind.NoDuration, finding.Kind);
        await AssertFixed(finding);
    }

    [Fact]
    public async Task A_cut_file_comes_first_and_its_rest_is_saved()
    {
        byte[] all = await File.ReadAllBytesAsync(Make("a.mkv", seconds: 6, arguments: ["-pix_fmt", "yuv420p", "-vf", "setsar=2"]), Cancel);
        await File.WriteAllBytesAsync(At("cut.mkv"), all[..(all.Length / 2)], Cancel);
        var findings = VideoDoctor.Examine(await Probe(At("cut.mkv")));
        Assert.Equal([FindingKind.CutOff, FindingKind.NonSquarePixels], findings.Select(f => f.Kind));
        Assert.Equal(FindingSeverity.Error, findings[0].Severity);
        await AssertFixed(findings[0]);
    }

    private async Task AssertFixed(VideoFinding finding)
    {
        Assert.SkipWhen(ProgramPath.Find("sh") is null, "no POSIX shell here");
        using var shell = System.Diagnostics.Process.Start(ProgramPath.Find("sh")!, ["-c", finding.Fix + " -v fatal"]);
        await shell.WaitForExitAsync(Cancel);
        Assert.True(shell.ExitCode == 0, finding.Fix);
        string result = Assert.Single(Directory.GetFiles(Folder, "*.fixed.*"));
        var left = VideoDoctor.Examine(await Probe(result));
        Assert.DoesNotContain(left, f => f.Kind == finding.Kind);
    }
}
