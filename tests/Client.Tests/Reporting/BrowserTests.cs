using System.Diagnostics;
using HieraVid.Client.Reporting;

namespace HieraVid.Client.Tests.Reporting;

/// <summary>The page in a real browser: it draws itself and complains about nothing.</summary>
public sealed class BrowserTests
{
    [Theory]
    [InlineData(6, 196)]
    [InlineData(140, 64)]
    [InlineData(9, 182)]
    [InlineData(1, 196)]
    [InlineData(600, 64, 9000)]
    [InlineData(3, 196, int.MaxValue, "none")]
    [InlineData(3, 196, int.MaxValue, "unexplained")]
    public async Task The_page_draws_itself_without_an_error(
        int frames, int positions, int room = int.MaxValue, string method = "hieravid")
    {
        var chromium = Programs.Find("chromium", "chromium-browser", "google-chrome");
        Assert.SkipWhen(chromium is null, Programs.Missing("Chromium", "chromium"));
        var folder = Directory.CreateTempSubdirectory("hieravid-browser-").FullName;
        try
        {
            var made = SyntheticAnswer.OfNoise(frames, positions: positions, features: 16, room: room);
            made = method switch { "none" => made.Unpruned(), "unexplained" => made.Unexplained(), _ => made };
            var page = Path.Combine(folder, "report.html");
            made.Write(page, "Why?");
            var (dom, log) = await RunAsync(chromium, ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync", $"--user-data-dir={folder}/profile",
                "--enable-logging=stderr", "--virtual-time-budget=3000", "--dump-dom", $"file://{page}"]);
            Assert.Equal(Math.Min(frames, 128), dom.Split("<figure").Length - 1);
            Assert.Contains("<p class=\"sentence\" aria-live=\"polite\">Kept", dom, StringComparison.Ordinal);
            Assert.Contains("class=\"used\"", dom, StringComparison.Ordinal);
            Assert.DoesNotContain("CONSOLE", log, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<(string Output, string Errors)> RunAsync(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(90));
        try
        {
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
