using System.CommandLine;

namespace HieraVid.Client.Cluster;

/// <summary><c>hieravid cancel</c>: ends a job.</summary>
internal static class CancelCommand
{
    internal static Command Create()
    {
        var id = ClusterOption.Job();
        var cluster = new ClusterOption();
        var command = new Command("cancel", """
            End a job of a cluster.

            Example:
              hieravid cancel 3f2c9a4be2d04c0f8f6d3a1b2c4d5e6f
            """) { id };
        cluster.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            using var api = cluster.Open(parsed);
            var job = await api.CancelAsync(ClusterOption.Read(parsed.GetRequiredValue(id)), cancellation).ConfigureAwait(false);
            await Console.Error.WriteLineAsync($"Job {job.Id} is {job.Phase}.").ConfigureAwait(false);
            return CommandLine.Success;
        });
        return command;
    }
}
