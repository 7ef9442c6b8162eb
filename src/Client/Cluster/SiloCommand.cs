using System.CommandLine;
using HieraVid.Pipeline.Jobs;

namespace HieraVid.Client.Cluster;

/// <summary>
/// <c>hieravid silo</c> is a program of its own; the wrapper script starts it. Where it was not built, this says what is missing.
/// </summary>
internal static class SiloCommand
{
    internal const string LeftOut = "The cluster is left out of this build, because the package feed lacks some of its packages: "
        + "./hieravid silo names them; add a feed that has them and run it again.";

    internal static Command Create()
    {
        var command = new Command("silo", """
            Run one process of a cluster (docs/cluster.md).

            Example:
              hieravid silo --role all --model DIR
            """) { TreatUnmatchedTokensAsErrors = false };
        command.SetAction((_, _) => throw JobException.Bad(Environment.GetEnvironmentVariable("HIERAVID_LEFT_OUT") is { Length: > 0 } missing
            ? $"The cluster is left out of this build. Missing: {missing}. Add a package feed that has them and run it again."
            : "A silo is a program of its own: start it with ./hieravid silo, or dotnet HieraVid.Silo.dll."));
        return command;
    }
}
