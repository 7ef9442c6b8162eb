using System.CommandLine;

namespace HieraVid.Client.Commands;

internal static class DoctorCommand
{
    internal static Command Create() => new("doctor", "wip");
}
