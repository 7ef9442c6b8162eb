using System.CommandLine;
using System.CommandLine.Parsing;

namespace HieraVid.Client.Commands;

/// <summary>Arguments and options that name a file or a folder: an empty one (an unset variable in a script) is refused.</summary>
internal static class PathSymbols
{
    internal static Argument<string> Argument(string name, string description)
    {
        var argument = new Argument<string>(name) { Description = description };
        argument.Validators.Add(result => RefuseEmpty(result, name));
        return argument;
    }

    internal static Option<string?> Option(string name, string description, bool required = false)
    {
        var option = new Option<string?>(name) { Description = description, Required = required, HelpName = "DIR" };
        option.Validators.Add(result => RefuseEmpty(result, name));
        return option;
    }

    private static void RefuseEmpty(SymbolResult result, string name)
    {
        if (result.Tokens.Any(token => token.Value.Length == 0))
            result.AddError($"{name} is empty: give a path.");
    }
}
