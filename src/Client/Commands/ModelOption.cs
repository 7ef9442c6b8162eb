using System.CommandLine;
using HieraVid.Models.Hub;

namespace HieraVid.Client.Commands;

/// <summary>The option that names a checkpoint; the same for every command that asks one.</summary>
internal sealed class ModelOption
{
    private readonly Option<string?> _model = PathSymbols.Option(
        "--model", "Folder of a checkpoint, or ORG/NAME of one that was pulled; docs/models.md lists the supported ones.", required: true);

    internal void AddTo(Command command) => command.Add(_model);

    /// <summary>The checkpoint's folder.</summary>
    internal string Read(ParseResult parsed) => Folder(parsed.GetRequiredValue(_model)!);

    /// <summary>The folder of a checkpoint that was named by a path or as ORG/NAME.</summary>
    internal static string Folder(string name) => ModelFolder.Find(name, Environment.GetEnvironmentVariable);
}
