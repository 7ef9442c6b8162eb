using System.CommandLine;
using HieraVid.Client.Output;
using HieraVid.Pipeline.Jobs;

namespace HieraVid.Client.Cluster;

/// <summary><c>hieravid watch</c>: how far a job is, then its answer as it is written.</summary>
internal static class WatchCommand
{
    internal static Command Create()
    {
        var id = ClusterOption.Job();
        var cluster = new ClusterOption();
        var command = new Command("watch", """
            Watch a job of a cluster: its stages, then the answer as it is written.

            Example:
              hieravid watch 3f2c9a4be2d04c0f8f6d3a1b2c4d5e6f
            """) { id };
        cluster.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            using var api = cluster.Open(parsed);
            return await RunAsync(api, ClusterOption.Read(parsed.GetRequiredValue(id)), cancellation).ConfigureAwait(false);
        });
        return command;
    }

    internal static async Task<int> RunAsync(ClusterApi cluster, Guid id, CancellationToken cancellation)
    {
        var display = StageDisplay.Create();
        var answer = new AnswerStream(display, isShown: true);
        try
        {
            var (shown, seen) = ("", new HashSet<(JobStage, int)>());
            await foreach (var job in cluster.WatchAsync(id, cancellation).ConfigureAwait(false))
            {
                foreach (var progress in Progress(job).Where(progress => seen.Add((progress.Stage, progress.Done))))
                    display.Show(progress);
                // An answer that was begun anew elsewhere says the same.
                if (job.Text.Length > shown.Length)
                {
                    answer.Write(job.Text[shown.Length..]);
                    shown = job.Text;
                }
                if (!job.IsOver)
                    continue;
                display.Close();
                answer.End();
                if (job.Phase == "completed")
                    return CommandLine.Success;
                throw job.Phase == "failed" && job.IsUsersMistake
                    ? JobException.Bad(job.Fault!)
                    : JobException.Ours(job.Fault ?? "The job was cancelled.");
            }
            throw JobException.Ours($"The cluster stopped telling of job {id:N}: watch it again.");
        }
        finally
        {
            display.Close();
            answer.End();
        }
    }

    private static IEnumerable<JobProgress> Progress(JobView job)
    {
        if (job.Chunks > 0)
            yield return new JobProgress(JobStage.Encode, job.Encoded, job.Chunks, $"{Count.Of(job.Chunks, "chunk")}");
        if (job.Pieces > 0)
            yield return new JobProgress(JobStage.Prune, job.Applied, job.Pieces, $"{Count.Of(job.Pieces, "piece")}");
        if (job.Stage is { } stage && Enum.TryParse<JobStage>(stage.Stage, ignoreCase: true, out var known) && known != JobStage.Generate)
            yield return new JobProgress(known, stage.Done, stage.Total, stage.Note);
    }
}
