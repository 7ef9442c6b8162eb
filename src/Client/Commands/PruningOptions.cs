using System.CommandLine;
using System.Globalization;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pruning;

namespace HieraVid.Client.Commands;

/// <summary>The options that say how much of the video the decoder gets to see.</summary>
internal sealed class PruningOptions
{
    private static readonly Dictionary<string, Func<HieraVidOptions, string, HieraVidOptions?>> s_settings = new()
    {
        ["relevanceSign"] = (o, v) => Choice<RelevanceSign>(v) is { } sign ? o with { RelevanceSign = sign } : null,
        ["layer7"] = (o, v) => Choice<FirstSelection>(v) is { } first ? o with { Layer7 = first } : null,
        ["alpha"] = (o, v) => Number(v) is { } x ? o with { Alpha = x } : null,
        ["beta"] = (o, v) => Number(v) is { } x ? o with { Beta = x } : null,
        ["simThreshold"] = (o, v) => Number(v) is { } x ? o with { SimThreshold = x } : null,
        ["deviation"] = (o, v) => Number(v) is { } x ? o with { Deviation = x } : null,
        ["clampLow"] = (o, v) => Number(v) is { } x ? o with { ClampLow = x } : null,
        ["clampHigh"] = (o, v) => Number(v) is { } x ? o with { ClampHigh = x } : null,
        ["asShippedLastToken"] = (o, v) => bool.TryParse(v, out var on) ? o with { AsShippedLastToken = on } : null,
    };

    private readonly Option<string?> _method = new("--method")
    {
        HelpName = "NAME",
        Description = $"{string.Join(" or ", PruningMethods.Names)}. Default: hieravid.",
    };

    private readonly Option<double> _budget = RealNumbers.Option(
        "--budget", "B", "Mean share of the visual tokens that a layer sees, above 0 and at most 1.", standard: 0.3);

    private readonly Option<string[]> _settings = new("--set")
    {
        HelpName = "KEY=VALUE",
        Description = $"An option of the method: {string.Join(", ", s_settings.Keys)}.",
    };

    internal void AddTo(Command command)
    {
        command.Add(_method);
        command.Add(_budget);
        command.Add(_settings);
    }

    /// <summary>Reads the options.</summary>
    /// <exception cref="JobException">A setting is not known or its value cannot be read.</exception>
    internal PruningRequest Read(ParseResult parsed) => new()
    {
        Method = parsed.GetValue(_method),
        Budget = parsed.GetValue(_budget),
        Options = (parsed.GetValue(_settings) ?? []).Aggregate(HieraVidOptions.Default, Set),
    };

    private static HieraVidOptions Set(HieraVidOptions options, string setting)
    {
        var (key, value) = setting.Split('=', 2) is [var k, var v] ? (k, v) : (setting, "");
        if (!s_settings.TryGetValue(key, out var apply))
            throw JobException.Bad($"--set {setting} names no option of the method: take one of {string.Join(", ", s_settings.Keys)}.");
        return apply(options, value) ?? throw JobException.Bad($"--set {setting} has a value that cannot be read: write it as KEY=VALUE, {Expected(key)}.");
    }

    private static string Expected(string key) => key switch
    {
        "relevanceSign" => "with negated or positive",
        "layer7" => "with spread, dpp or topk",
        "asShippedLastToken" => "with true or false",
        _ => "with a number",
    };

    private static T? Choice<T>(string value) where T : struct, Enum =>
        value.All(char.IsLetter) && Enum.TryParse<T>(value, ignoreCase: true, out var choice) ? choice : null;

    private static double? Number(string value) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;
}
