using System.CommandLine;

namespace HieraVid.Client.Commands;

internal static class DemoCommand
{
    internal static Command Create() => new("demo", "wip");
}
