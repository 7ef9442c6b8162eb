using System.CommandLine;
using HieraVid.Client.Output;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pruning;

namespace HieraVid.Client.Commands;

/// <summary><c>hieravid flops</c>: the papers' cost column for a method and a budget.</summary>
internal static class FlopsCommand
{
    private const string All = "all";

    private static readonly double[] s_tableBudgets = [0.3, 0.2, 0.1];

    internal static Command Create()
    {
        var model = new Option<string>("--model")
        {
            HelpName = "NAME",
            Description = $"{string.Join(" or ", FlopsModel.Presets.Select(preset => preset.Name))}.",
            DefaultValueFactory = _ => FlopsModel.LlavaVideo7B.Name,
        };
        var method = new Option<string>("--method")
        {
            HelpName = "NAME",
            Description = $"{All} (a table at 30, 20 and 10 %, beside the paper's numbers), or one of {string.Join(", ", PruningMethods.Names)}.",
            DefaultValueFactory = _ => PruningMethods.HieraVid,
        };
        var budget = RealNumbers.Option("--budget", "B", "Mean share of the visual tokens that a layer sees.", standard: 0.3);
        var assemblies = PruningOptions.AssemblyOption();
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var command = new Command("flops", """
            Print the FLOPs of a prefill by Eq. 12 of the HieraVid paper: visual tokens only, 4nd² + 2n²d + 2ndm per layer.

            "ideal" charges every layer of a stage with the tokens that leave the stage's pruning, as the paper does; "exact"
            charges the attention of the layers that prune with the tokens before it.

            Examples:
              hieravid flops --model llava-onevision-7b --method hieravid --budget 0.2
              hieravid flops --model llava-video-7b --method all
            """) { model, method, budget, assemblies, json };
        command.SetAction(parsed =>
        {
            PruningOptions.Load(parsed.GetValue(assemblies));
            return Run(parsed.GetRequiredValue(model), parsed.GetRequiredValue(method), parsed.GetValue(budget), parsed.GetValue(json));
        });
        return command;
    }

    private static int Run(string name, string method, double budget, bool json)
    {
        var model = FlopsModel.Presets.FirstOrDefault(preset => preset.Name == name)
            ?? throw JobException.Bad($"--model {name} is not known: take one of {string.Join(", ", FlopsModel.Presets.Select(preset => preset.Name))}.");
        if (method == All)
            return Table(model, json);
        var pruning = PruningMethods.Create(method, budget, new Dictionary<string, string>(), new ModelTraits(model.Layers));
        var tokens = pruning.Nominal(model.Video, model.Layers);
        var vanilla = Flops.Total(model, FlopsTokens.Uniform(model.VisualTokens, model.Layers));
        var ideal = Flops.Total(model, FlopsTokens.Ideal(tokens));
        var exact = Flops.Total(model, tokens);
        var prunes = pruning.Name != PruningMethods.None;
        if (json)
        {
            StandardOutput.WriteLine(Json.Of(new
            {
                Model = model.Name,
                Method = method,
                Budget = prunes ? budget : 1,
                model.VisualTokens,
                Vanilla = vanilla,
                Ideal = ideal,
                Exact = exact,
                Ratio = ideal / vanilla,
            }));
            return CommandLine.Success;
        }
        StandardOutput.WriteLine(FormattableString.Invariant(
            $"{model.Name}, {model.VisualTokens} visual tokens, {method}{(prunes ? FormattableString.Invariant($" at budget {budget}") : "")}"));
        StandardOutput.WriteLine(FormattableString.Invariant($"vanilla  {vanilla / 1e12,8:0.00} TFLOPs"));
        StandardOutput.WriteLine(FormattableString.Invariant($"ideal    {ideal / 1e12,8:0.00} TFLOPs  {ideal / vanilla,6:P1} of vanilla"));
        StandardOutput.WriteLine(FormattableString.Invariant($"exact    {exact / 1e12,8:0.00} TFLOPs  {exact / vanilla,6:P1} of vanilla"));
        return CommandLine.Success;
    }

    // Every method at the papers' budgets, as the papers count, with what they print.
    private static int Table(FlopsModel model, bool json)
    {
        var column = PaperFlops.Columns[model.Name];
        var rows = PruningMethods.Names.Select(name =>
        {
            var paper = column.FirstOrDefault(row => row.Method == name);
            return new
            {
                Method = name,
                Budgets = s_tableBudgets.Select(budget => new { Budget = budget, Tflops = Tera(model, name, budget), Paper = paper?.At(budget) }).ToList(),
                paper?.Difference,
            };
        }).ToList();
        if (json)
        {
            StandardOutput.WriteLine(Json.Of(new { Model = model.Name, model.VisualTokens, Rows = rows }));
            return CommandLine.Success;
        }
        StandardOutput.WriteLine(FormattableString.Invariant($"{model.Name}, {model.VisualTokens} visual tokens, TFLOPs: ours / the paper's"));
        StandardOutput.WriteLine($"{"method",-14}{string.Concat(s_tableBudgets.Select(budget => FormattableString.Invariant($"{budget,16:P0}")))}");
        foreach (var row in rows)
        {
            StandardOutput.WriteLine($"{row.Method,-14}{string.Concat(row.Budgets.Select(cell =>
                $"{(cell.Tflops is { } ours ? FormattableString.Invariant($"{ours:0.00}") : "-")}{(cell.Paper is { } paper ? FormattableString.Invariant($" / {paper}") : "")}".PadLeft(16)))}");
        }
        foreach (var reason in rows.Where(row => row.Difference is not null).GroupBy(row => row.Difference))
            StandardOutput.WriteLine($"{string.Join(", ", reason.Select(row => row.Method))}: {reason.Key}");
        return CommandLine.Success;
    }

    // Null where the method cannot keep so little.
    private static double? Tera(FlopsModel model, string method, double budget)
    {
        try
        {
            var pruning = PruningMethods.Create(method, budget, new Dictionary<string, string>(), new ModelTraits(model.Layers));
            return Flops.Total(model, FlopsTokens.Ideal(pruning.Nominal(model.Video, model.Layers))) / 1e12;
        }
        catch (PruningException)
        {
            return null;
        }
    }
}
