using System.CommandLine;

namespace HieraVid.Client.Commands;

internal static class ModelCommand
{
    internal static Command Create() => new("model", "wip");
}
