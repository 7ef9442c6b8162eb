using System.Diagnostics;
using HieraVid.Client.Reporting;

namespace HieraVid.Client.Tests.Reporting;

/// <summary>The page in a real browser, where there is one: it draws itself and complains about nothing.</summary>
public sealed class BrowserTests
{
    [Theory]
    [InlineData(6, true)]
    [InlineData(140, true)]
    [InlineData(1, true)]
    [InlineData(3, false)]
    public async Task The_page_draws_itself_without_an_error(int frames, bool isPruned)
    {
        var chromium = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .SelectMany(folder => new[] { "chromium", "chromium-browser", "google-chrome" }.Select(name => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);
        Assert.SkipWhen(chromium is null, "no Chromium here: the page was not looked at in a browser");
        var folder = Directory.CreateTempSubdirectory("hieravid-browser-").FullName;
        try
        {
            var made = SyntheticAnswer.OfNoise(frames);
            var pruning = isPruned ? made.Pruning
                : made.Pruning with { Method = "none", Stages = [], Segments = [], Overlap = [], Similarity = [], MergedInto = [], LeftAt = [] };
            var page = Path.Combine(folder, "report.html");
            ReportPage.Write(page, made.Answer, pruning, "Why?", []);
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
