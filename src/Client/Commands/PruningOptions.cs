using System.CommandLine;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pruning;

namespace HieraVid.Client.Commands;

/// <summary>The options that say how much of the video the decoder gets to see.</summary>
internal sealed class PruningOptions
{
    private readonly Option<string?> _method = new("--method")
    {
        HelpName = "NAME",
        Description = $"{string.Join(" or ", PruningMethods.Names)}. Default: hieravid.",
    };

    private readonly Option<string[]> _assemblies = AssemblyOption();

    private readonly Option<double> _budget = RealNumbers.Option(
        "--budget", "B", "Mean share of the visual tokens that a layer sees, above 0 and at most 1.", standard: 0.3);

    private readonly Option<string[]> _settings = new("--set")
    {
        HelpName = "KEY=VALUE",
        Description = $"An option of the method; hieravid's: {string.Join(", ", PruningMethods.SettingsOf(PruningMethods.HieraVid))}.",
    };

    /// <summary>The option that names assemblies with methods of the user's own.</summary>
    internal static Option<string[]> AssemblyOption() => new("--method-assembly")
    {
        HelpName = "DLL[:CLASS]",
        Description = "An assembly with pruning methods of your own (docs/methods.md).",
    };

    /// <summary>Loads the assemblies that were named.</summary>
    internal static void Load(IEnumerable<string>? assemblies)
    {
        foreach (var assembly in assemblies ?? [])
            MethodAssembly.Load(assembly);
    }

    internal void AddTo(Command command)
    {
        command.Add(_assemblies);
        command.Add(_method);
        command.Add(_budget);
        command.Add(_settings);
    }

    /// <summary>Reads the options.</summary>
    /// <exception cref="JobException">A setting has no value.</exception>
    internal PruningRequest Read(ParseResult parsed)
    {
        Load(parsed.GetValue(_assemblies));
        var settings = new Dictionary<string, string>();
        foreach (var setting in parsed.GetValue(_settings) ?? [])
        {
            if (setting.Split('=', 2) is not [var key, var value])
                throw JobException.Bad($"--set {setting} cannot be read: write it as KEY=VALUE.");
            settings[key] = value;
        }
        return new PruningRequest
        {
            Method = parsed.GetValue(_method),
            Budget = parsed.GetValue(_budget),
            Settings = settings,
        };
    }
}
