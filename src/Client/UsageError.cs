using System.CommandLine;
using System.CommandLine.Parsing;

namespace HieraVid.Client;

/// <summary>What is wrong with a command line, in one sentence and in the user's terms, and where to read on.</summary>
internal static class UsageError
{
    /// <summary>The sentence for the first thing that is wrong.</summary>
    internal static string Explain(ParseResult parsed) =>
        $"{Fault(parsed)} See: {CommandPath(parsed.CommandResult)} --help";

    private static string Fault(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        if (parsed.UnmatchedTokens.Count > 0)
        {
            var word = Shorten(parsed.UnmatchedTokens[0]);
            if (word.StartsWith('-'))
                return $"{word} is not an option of {CommandPath(parsed.CommandResult)}.";
            return command.Subcommands.Count > 0
                ? $"'{word}' is not a command; {Choices(command)}."
                : $"'{word}' is one word too many: put a text with spaces in quotes.";
        }
        if (command.Subcommands.Count > 0)
            return $"A command is missing; {Choices(command)}.";
        // Our own sentences first (an empty path), then what is missing, then what cannot be read.
        if (command.Arguments.FirstOrDefault(argument => IsMissing(parsed, argument)) is { } missing)
            return $"{missing.Name} is missing.";
        return OfOption(parsed.Errors[0]);
    }

    private static string OfOption(ParseError error)
    {
        var option = error.SymbolResult switch
        {
            OptionResult result => result,
            ArgumentResult { Parent: OptionResult parent } => parent,
            _ => null,
        };
        if (option is null)
            return error.Message;
        var name = option.Option.Name;
        if (option.IdentifierToken is null)
            return $"{name} is missing.";
        if (option.Tokens.Count == 0)
            return $"{name} needs a value.";
        var type = Nullable.GetUnderlyingType(option.Option.ValueType) ?? option.Option.ValueType;
        var value = Shorten(option.Tokens[^1].Value);
        if (option.Tokens.Count > option.Option.Arity.MaximumNumberOfValues)
            return $"{name} is given more than once.";
        if (type == typeof(int))
            return $"{name} '{value}' is not a whole number (at most {int.MaxValue}).";
        return type == typeof(double) ? $"{name} '{value}' is not a number." : error.Message;
    }

    private static bool IsMissing(ParseResult parsed, Argument argument) =>
        argument.Arity.MinimumNumberOfValues > 0 && parsed.GetResult(argument) is not { Tokens.Count: > 0 };

    private static string Choices(Command command) =>
        $"use one of {string.Join(", ", command.Subcommands.Select(subcommand => subcommand.Name))}";

    private static string CommandPath(CommandResult command)
    {
        var names = new Stack<string>();
        for (SymbolResult? at = command; at is CommandResult { Command: not RootCommand } step; at = at.Parent)
            names.Push(step.Command.Name);
        names.Push("hieravid");
        return string.Join(' ', names);
    }

    // A text that was meant for something else may be a page long.
    private static string Shorten(string word) => (word.Length <= 60 ? word : word[..60] + "...").ReplaceLineEndings(" ");
}
