using System.CommandLine;
using HieraVid.Client.Output;
using Spectre.Console;

namespace HieraVid.Client.Cluster;

/// <summary><c>hieravid jobs</c>: the cluster's newest jobs.</summary>
internal static class JobsCommand
{
    internal static Command Create()
    {
        var most = new Option<int>("--most") { HelpName = "N", Description = "At most so many.", DefaultValueFactory = _ => 20 };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var cluster = new ClusterOption();
        var command = new Command("jobs", """
            List the cluster's newest jobs.

            Example:
              hieravid jobs
            """) { most, json };
        cluster.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            using var api = cluster.Open(parsed);
            var jobs = await api.JobsAsync(parsed.GetValue(most), cancellation).ConfigureAwait(false);
            if (parsed.GetValue(json))
                StandardOutput.WriteLine(Json.Of(jobs));
            else
                Show(jobs);
            return CommandLine.Success;
        });
        return command;
    }

    private static void Show(IReadOnlyList<JobView> jobs)
    {
        var table = new Table().Border(TableBorder.None).AddColumns("job", "phase", "chunks", "seconds", "question");
        foreach (var job in jobs)
        {
            table.AddRow(job.Id, job.Phase, $"{job.Encoded}/{job.Chunks}",
                FormattableString.Invariant($"{((job.Ended ?? DateTimeOffset.UtcNow) - job.Submitted).TotalSeconds:0.0}"), Markup.Escape(job.Question));
        }
        AnsiConsole.Write(table);
    }
}
