using System.CommandLine;
using HieraVid.Contracts;
using HieraVid.Pipeline.Jobs;

namespace HieraVid.Client.Cluster;

/// <summary><c>hieravid cancel</c>: ends a job.</summary>
internal static class CancelCommand
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    internal static Command Create()
    {
        var id = ClusterOption.Job();
        var (broker, cluster) = (new BrokerOption(), new ClusterOption());
        var command = new Command("cancel", """
            End a job of a cluster.

            Example:
              hieravid cancel 3f2c9a4be2d04c0f8f6d3a1b2c4d5e6f
            """) { id };
        broker.AddTo(command);
        cluster.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            if (await broker.OpenAsync(parsed, cancellation).ConfigureAwait(false) is { } jobs)
            {
                await using (jobs.ConfigureAwait(false))
                    await CancelAsync(jobs, ClusterOption.Read(parsed.GetRequiredValue(id)), cancellation).ConfigureAwait(false);
                return CommandLine.Success;
            }
            using var api = cluster.Open(parsed);
            var job = await api.CancelAsync(ClusterOption.Read(parsed.GetRequiredValue(id)), cancellation).ConfigureAwait(false);
            await Console.Error.WriteLineAsync($"Job {job.Id} is {job.Phase}.").ConfigureAwait(false);
            return CommandLine.Success;
        });
        return command;
    }

    // The broker takes the order at once; what became of the job is waited for, but not for ever.
    private static async Task CancelAsync(BrokerJobs jobs, Guid id, CancellationToken cancellation)
    {
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        soon.CancelAfter(s_patience);
        try
        {
            await foreach (var job in jobs.FollowAsync(id, () => jobs.CancelAsync(id, cancellation), soon.Token).ConfigureAwait(false))
            {
                if (!job.IsKnown)
                    throw JobException.Bad($"The cluster does not know job {id:N}: check the id; if it is on its way yet, it is over as soon as it comes.");
                var phase = job.End switch
                {
                    null => "",
                    VideoJobCompleted => "completed",
                    VideoJobFailed { Failure: JobFailure.Cancelled } => "cancelled",
                    _ => "failed",
                };
                if (phase.Length > 0)
                    await Console.Error.WriteLineAsync($"Job {id:N} is {phase}.").ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw JobException.Ours($"The order to cancel job {id:N} is with the broker, but the cluster did not answer in {s_patience.TotalSeconds:0} s: is a silo with the role ingress up?");
        }
    }
}
