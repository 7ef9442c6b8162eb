namespace HieraVid.Client.Tests;

public class InterruptTests : ClientTest
{
    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_signal_during_generation_ends_with_a_short_word(string signal)
    {
        MakeVideo("v.mp4", 0.2);
        using var process = Start(Folder, [], "ask", "v.mp4", "What?", "--model", Model, "--frames", "1", "--max-tokens", "30000",
            "--repetition-penalty", "1", "--threads", "1");
        var errors = process.StandardError.ReadToEndAsync(Cancel);
        // The first character of the answer: generation has begun.
        Assert.Equal(1, await process.StandardOutput.ReadAsync(new char[1], Cancel));
        await EndsAfter(signal, process);
        var output = await process.StandardOutput.ReadToEndAsync(Cancel);
        Assert.EndsWith("\n", output, StringComparison.Ordinal);
        Assert.EndsWith("Cancelled; nothing was left behind.\n", await errors, StringComparison.Ordinal);
        NothingIsLeftBut("v.mp4");
    }

    [Fact]
    public async Task A_signal_during_encoding_ends_with_a_short_word()
    {
        MakeVideo("v.mp4", 16);
        using var process = Start(Folder, [], "ask", "v.mp4", "What?", "--model", Model, "--fps", "10", "--threads", "1");
        var lines = new List<string>();
        while (await process.StandardError.ReadLineAsync(Cancel) is { } line)
        {
            lines.Add(line);
            if (line.StartsWith("probe:", StringComparison.Ordinal))
                await EndsAfter("INT", process);
        }
        Assert.DoesNotContain(lines, line => line.StartsWith("encode:", StringComparison.Ordinal));
        Assert.Equal("Cancelled; nothing was left behind.", lines[^1]);
        Assert.Equal("", await process.StandardOutput.ReadToEndAsync(Cancel));
        NothingIsLeftBut("v.mp4");
    }

    [Fact]
    public async Task A_signal_while_a_checkpoint_is_written_leaves_nothing()
    {
        // The folder that grows beside the target is the first sign of life.
        var begun = new TaskCompletionSource();
        using var watcher = new FileSystemWatcher(Folder);
        watcher.Created += (_, _) => begun.TrySetResult();
        watcher.EnableRaisingEvents = true;
        using var process = Start(Folder, [], "model", "new", "big", "--preset", "0.5b");
        await begun.Task.WaitAsync(Cancel);
        await EndsAfter("INT", process);
        Assert.Contains("Cancelled", await process.StandardError.ReadToEndAsync(Cancel), StringComparison.Ordinal);
        NothingIsLeftBut();
    }

    private async Task EndsAfter(string signal, System.Diagnostics.Process process)
    {
        Tool("sh", "-c", $"kill -{signal} {process.Id}");
        await process.WaitForExitAsync(Cancel);
        Assert.Equal(130, process.ExitCode);
        // No decoder survives: nothing that still runs names this test's own folder.
        Assert.DoesNotContain(Directory.EnumerateDirectories("/proc").Select(CommandLine),
            line => line.Contains(Folder, StringComparison.Ordinal));
    }

    private static string CommandLine(string folder)
    {
        try
        {
            return char.IsAsciiDigit(Path.GetFileName(folder)[0]) ? File.ReadAllText(Path.Combine(folder, "cmdline")) : "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It ended while we looked.
            return "";
        }
    }
}
