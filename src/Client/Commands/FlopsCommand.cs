using System.CommandLine;
using HieraVid.Client.Output;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pruning;

namespace HieraVid.Client.Commands;

/// <summary><c>hieravid flops</c>: the papers' cost column for a method and a budget.</summary>
internal static class FlopsCommand
{
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
            Description = $"{string.Join(" or ", PruningMethods.Names)}.",
            DefaultValueFactory = _ => PruningMethods.HieraVid,
        };
        var budget = RealNumbers.Option("--budget", "B", "Mean share of the visual tokens that a layer sees.", standard: 0.3);
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var command = new Command("flops", """
            Print the FLOPs of a prefill by Eq. 12 of the HieraVid paper: visual tokens only, 4nd² + 2n²d + 2ndm per layer.

            "ideal" charges every layer of a stage with the tokens that leave the stage's pruning, as the paper does; "exact"
            charges the attention of the layers that prune with the tokens before it.

            Example:
              hieravid flops --model llava-onevision-7b --method hieravid --budget 0.2
            """) { model, method, budget, json };
        command.SetAction(parsed => Run(
            parsed.GetRequiredValue(model), parsed.GetRequiredValue(method), parsed.GetValue(budget), parsed.GetValue(json)));
        return command;
    }

    private static int Run(string name, string method, double budget, bool json)
    {
        var model = FlopsModel.Presets.FirstOrDefault(preset => preset.Name == name)
            ?? throw JobException.Bad($"--model {name} is not known: take one of {string.Join(", ", FlopsModel.Presets.Select(preset => preset.Name))}.");
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
}
