namespace HieraVid.Video.Tests;

public sealed class SandboxTests : TestVideos
{
    [Fact]
    public async Task The_environment_holds_no_secrets()
    {
        Environment.SetEnvironmentVariable("HIERAVID_TEST_SECRET", "swordfish");
        string[] lines = await Output("env");
        Assert.DoesNotContain(lines, l => l.Contains("swordfish", StringComparison.Ordinal) || l.StartsWith("HOME=", StringComparison.Ordinal));
        Assert.Contains("LC_ALL=C", lines);
    }

    [Fact]
    public async Task Memory_time_and_files_are_limited_by_the_kernel()
    {
        Assert.SkipUnless(Sandbox.Status.HasResourceLimits, Sandbox.Status.Missing);
        var limits = new VideoLimits { MemoryBytes = 512L << 20, CpuTime = TimeSpan.FromSeconds(7) };
        Assert.Equal(["524288", "7", "0", "0"], await Output("ulimit -v; ulimit -t; ulimit -f; ulimit -c", limits));
    }

    [Fact]
    public async Task There_is_no_network()
    {
        Assert.SkipUnless(Sandbox.Status.HasClosedNetwork, Sandbox.Status.Missing);
        string[] devices = await Output("tail -n +3 /proc/net/dev");
        Assert.All(devices, d => Assert.StartsWith("lo:", d.Trim(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Cancelling_kills_the_whole_process_group()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        await using var process = Shell("echo ready; sleep 1000 & sleep 1000 & wait", VideoLimits.Default, stop.Token);
        using var lines = new StreamReader(process.Output);
        Assert.Equal("ready", await lines.ReadLineAsync(Cancel));
        await stop.CancelAsync();
        // The children inherited the pipe: its end is seen only when the last of them is gone.
        Assert.Equal("", await lines.ReadToEndAsync(Cancel));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(process.ExitAsync);
    }

    [Fact]
    public void A_required_sandbox_that_is_incomplete_is_refused()
    {
        var strict = new VideoLimits { RequireSandbox = true };
        Sandbox.Require(new(true, true), strict);
        Sandbox.Require(new(false, false), VideoLimits.Default);
        var e = Assert.Throws<VideoException>(() => Sandbox.Require(new(false, true), strict));
        Assert.Equal((VideoFault.NoSandbox, false), (e.Kind, e.IsUsersMistake));
        Assert.Contains("unshare", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Waiting_too_long_ends_the_process()
    {
        var e = await ProbeFails(Make("a.mp4"), VideoFault.OverBudget, new() { WallTime = TimeSpan.FromTicks(1) });
        Assert.Contains("to read", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_little_memory_is_said_to_be_that()
    {
        Assert.SkipUnless(Sandbox.Status.HasResourceLimits, Sandbox.Status.Missing);
        await ProbeFails(Make("a.mp4"), VideoFault.OverBudget, new() { MemoryBytes = 48L << 20 });
    }

    [Fact]
    public async Task Too_little_processor_time_is_said_to_be_that()
    {
        Assert.SkipUnless(Sandbox.Status.HasResourceLimits, Sandbox.Status.Missing);
        await using var process = Shell("while :; do :; done", new() { CpuTime = TimeSpan.FromSeconds(1) }, Cancel);
        var e = await Assert.ThrowsAsync<VideoException>(process.ExitAsync);
        Assert.Equal(VideoFault.OverBudget, e.Kind);
    }

    private static FfmpegProcess Shell(string script, VideoLimits limits, CancellationToken cancel)
    {
        Assert.SkipWhen(ProgramPath.Find("sh") is null, "no POSIX shell here");
        return FfmpegProcess.Start(ProgramPath.Find("sh")!, ["-c", script], "shell", limits, null, null, cancel);
    }

    private static async Task<string[]> Output(string script, VideoLimits? limits = null)
    {
        await using var process = Shell(script, limits ?? VideoLimits.Default, Cancel);
        using var lines = new StreamReader(process.Output);
        return (await lines.ReadToEndAsync(Cancel)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
