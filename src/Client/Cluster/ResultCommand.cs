using System.CommandLine;
using HieraVid.Client.Commands;
using HieraVid.Client.Output;
using HieraVid.Client.Reporting;

namespace HieraVid.Client.Cluster;

/// <summary><c>hieravid result</c>: a job's answer, or all that was done for it.</summary>
internal static class ResultCommand
{
    internal static Command Create()
    {
        var id = ClusterOption.Job();
        var json = new Option<bool>("--json") { Description = "Print the object that ask --json prints." };
        var report = PathSymbols.Option("--report", "HTML file to write: which tokens stayed, and why.");
        report.HelpName = "FILE";
        var cluster = new ClusterOption();
        var command = new Command("result", """
            Print the answer of a job.

            Examples:
              hieravid result 3f2c9a4be2d04c0f8f6d3a1b2c4d5e6f --json
              hieravid result 3f2c9a4be2d04c0f8f6d3a1b2c4d5e6f --report talk.html
            """) { id, json, report };
        cluster.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var page = parsed.GetValue(report);
            if (page is not null)
                ReportPage.Check(page);
            using var api = cluster.Open(parsed);
            var job = ClusterOption.Read(parsed.GetRequiredValue(id));
            var result = await api.ResultAsync(job, cancellation).ConfigureAwait(false);
            StandardOutput.WriteLine(parsed.GetValue(json) ? Json.Of(result) : result.GetProperty("answer").GetString()!);
            if (page is not null)
                await WriteAsync(page, api, job, cancellation).ConfigureAwait(false);
            return CommandLine.Success;
        });
        return command;
    }

    private static async Task WriteAsync(string page, ClusterApi api, Guid job, CancellationToken cancellation)
    {
        var kept = await api.ReportAsync(job, cancellation).ConfigureAwait(false);
        var shown = ShownFrames.Of(kept.Pruning);
        var pictures = await api.PicturesAsync(job, [.. shown.Select(frame => kept.Pruning.Times[frame])], cancellation).ConfigureAwait(false);
        ReportPage.Write(page, kept.Answer, kept.Pruning, kept.Question, shown, pictures);
        await Console.Error.WriteLineAsync($"Report: {page}").ConfigureAwait(false);
    }
}
