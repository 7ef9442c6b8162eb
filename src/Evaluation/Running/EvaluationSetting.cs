using System.Globalization;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pruning;

namespace HieraVid.Evaluation.Running;

/// <summary>A method with its budget and options: one line of the table.</summary>
/// <param name="Name">As it was asked for: "hieravid@0.1,beta=0.2".</param>
/// <param name="Pruning">What it means.</param>
public sealed record EvaluationSetting(string Name, PruningRequest Pruning)
{
    /// <summary>The method and its options without the budget: one line of the chart.</summary>
    public string Curve => string.Join(',', [Pruning.Method, .. Pruning.Settings.Select(setting => $"{setting.Key}={setting.Value}")]);

    /// <summary>Reads <c>METHOD[@BUDGET][,KEY=VALUE…]</c>.</summary>
    /// <exception cref="JobException">It has another form.</exception>
    /// <exception cref="PruningException">No such method or setting, or a number out of range.</exception>
    public static EvaluationSetting Parse(string text)
    {
        var parts = text.Split(',');
        var (method, budget) = parts[0].Split('@', 2) is [var name, var number] ? (name, Number(text, number)) : (parts[0], 1.0);
        var settings = new Dictionary<string, string>();
        foreach (var part in parts.Skip(1))
        {
            if (part.Split('=', 2) is not [{ Length: > 0 } key, var value])
                throw Unreadable(text);
            settings[key] = value;
        }
        var pruning = new PruningRequest { Method = method, Budget = budget, Settings = settings };
        pruning.Validate();
        return new EvaluationSetting(text, pruning);
    }

    private static double Number(string text, string number) =>
        double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : throw Unreadable(text);

    private static JobException Unreadable(string text) =>
        JobException.Bad($"--run {text} cannot be read: write METHOD@BUDGET or METHOD@BUDGET,KEY=VALUE, such as hieravid@0.3,beta=0.2.");
}
