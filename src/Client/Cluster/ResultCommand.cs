using System.CommandLine;
using HieraVid.Client.Output;

namespace HieraVid.Client.Cluster;

/// <summary><c>hieravid result</c>: a job's answer, or all that was done for it.</summary>
internal static class ResultCommand
{
    internal static Command Create()
    {
        var id = ClusterOption.Job();
        var json = new Option<bool>("--json") { Description = "Print the object that ask --json prints." };
        var cluster = new ClusterOption();
        var command = new Command("result", """
            Print the answer of a job.

            Example:
              hieravid result 3f2c9a4be2d04c0f8f6d3a1b2c4d5e6f --json
            """) { id, json };
        cluster.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            using var api = cluster.Open(parsed);
            var result = await api.ResultAsync(ClusterOption.Read(parsed.GetRequiredValue(id)), cancellation).ConfigureAwait(false);
            StandardOutput.WriteLine(parsed.GetValue(json) ? Json.Of(result) : result.GetProperty("answer").GetString()!);
            return CommandLine.Success;
        });
        return command;
    }
}
