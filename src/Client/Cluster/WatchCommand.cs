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
        var (broker, cluster) = (new BrokerOption(), new ClusterOption());
        var command = new Command("watch", """
            Watch a job of a cluster: its stages, then the answer as it is written.

            Example:
              hieravid watch 3f2c9a4be2d04c0f8f6d3a1b2c4d5e6f
            """) { id };
        broker.AddTo(command);
        cluster.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var job = ClusterOption.Read(parsed.GetRequiredValue(id));
            if (await broker.OpenAsync(parsed, cancellation).ConfigureAwait(false) is { } jobs)
            {
                await using (jobs.ConfigureAwait(false))
                    return await RunAsync(WatchedJob.Of(jobs.FollowAsync(job, null, cancellation)), job).ConfigureAwait(false);
            }
            using var api = cluster.Open(parsed);
            return await RunAsync(WatchedJob.Of(api.WatchAsync(job, cancellation)), job).ConfigureAwait(false);
        });
        return command;
    }

    internal static async Task<int> RunAsync(IAsyncEnumerable<WatchedJob> told, Guid id)
    {
        var display = StageDisplay.Create();
        var answer = new AnswerStream(display, isShown: true);
        try
        {
            var (shown, seen, isAwaited) = ("", new HashSet<(JobStage, int, string)>(), false);
            await foreach (var job in told.ConfigureAwait(false))
            {
                if (!job.IsKnown && !isAwaited)
                    await Console.Error.WriteLineAsync($"The cluster does not know job {id:N} yet; waiting for it.").ConfigureAwait(false);
                isAwaited |= !job.IsKnown;
                foreach (var progress in job.Stages.Where(progress => seen.Add((progress.Stage, progress.Done, progress.Done == progress.Total ? "" : progress.Note))))
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
                return job.Fault is null ? CommandLine.Success : throw job.Fault;
            }
            throw JobException.Ours($"The cluster stopped telling of job {id:N}: watch it again.");
        }
        finally
        {
            display.Close();
            answer.End();
        }
    }
}
