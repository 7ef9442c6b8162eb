using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace HieraVid.Client.Commands;

/// <summary>Options with a fraction. "0,7" is refused: the library would take the comma for a thousands separator and read 7.</summary>
internal static class RealNumbers
{
    internal static Option<double> Option(string name, string sign, string description, double standard) => new(name)
    {
        HelpName = sign,
        Description = description,
        DefaultValueFactory = _ => standard,
        CustomParser = result => Parse(result) ?? standard,
    };

    internal static Option<double?> Optional(string name, string sign, string description) =>
        new(name) { HelpName = sign, Description = description, CustomParser = Parse };

    private static double? Parse(ArgumentResult result)
    {
        if (double.TryParse(result.Tokens[0].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
            return number;
        result.AddError("not a number");
        return null;
    }
}
