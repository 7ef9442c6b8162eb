using System.Text.Json;
using HieraVid.Pruning;
using static TorchSharp.torch;

namespace HieraVid.Client.Verification;

/// <summary>Golden values of the baselines, method by method.</summary>
internal static class BaselineGolden
{
    private static readonly Dictionary<string, Action<BaselineCase>> s_methods = new()
    {
        ["sampling"] = SelectionGolden.Sampling,
        ["evs"] = SelectionGolden.Evs,
        ["dycoke"] = SelectionGolden.DyCoke,
        ["divprune"] = SelectionGolden.DivPrune,
        ["cdpruner"] = SelectionGolden.CdPruner,
        ["vidcom2"] = SelectionGolden.VidCom2,
        ["visionzip"] = MergingGolden.VisionZip,
        ["prumerge"] = MergingGolden.PruMerge,
        ["prunevid"] = MergingGolden.PruneVid,
        ["holitom"] = MergingGolden.HoliTom,
        ["flashvid"] = MergingGolden.FlashVid,
        ["fastv"] = InnerGolden.FastV,
        ["framefusion"] = InnerGolden.FrameFusion,
        ["streaming_llm"] = InnerGolden.StreamingLlm,
    };

    /// <summary>Whether the folder's method is one of these.</summary>
    internal static bool Covers(string method) => s_methods.ContainsKey(method) || method == "flops";

    internal static void Run(GoldenFolder golden, string method)
    {
        foreach (var description in golden.Cases.GetProperty("cases").EnumerateArray())
        {
            if (method == "flops")
            {
                Flops(golden, description);
                continue;
            }
            using var scope = NewDisposeScope();
            using var one = new BaselineCase(golden, description);
            s_methods[method](one);
            one.ListUncompared();
        }
    }

    // Methods by the names that the golden table gives them, with the settings of its rows.
    private static readonly Dictionary<string, (string Method, Dictionary<string, string> Settings)> s_rows = new()
    {
        ["vanilla"] = ("none", []),
        ["streaming_llm"] = ("streamingllm", []),
        ["uniform_rn"] = ("uniform", []),
        ["holitom_inner"] = ("holitom", []),
    };

    private static void Flops(GoldenFolder golden, JsonElement row)
    {
        var name = row.GetProperty("method").GetString()!;
        var ratio = row.GetProperty("ratio").GetDouble();
        var item = FormattableString.Invariant($"{row.GetProperty("model").GetString()}/{name}/{ratio}");
        var (method, settings) = s_rows.GetValueOrDefault(name, (name, []));
        int Number(string of) => row.GetProperty(of).GetInt32();
        var model = new FlopsModel(name, Number("layers"), Number("d"), Number("m"), new VideoShape(1, Number("n"), Number("d")));
        var tolerance = golden.Cases.GetProperty("tolerance_rel").GetDouble();
        var expected = row.GetProperty("tflops").GetDouble();
        golden.Check(item, tolerance + 1e-4 / expected, () =>
        {
            var layers = name == "prunevid_two_stage"
                ? PruneVid.TwoStages(ratio * model.VisualTokens, model.Layers)
                : PruningMethods.Create(method, ratio, settings, new ModelTraits(model.Layers)).Nominal(model.Video, model.Layers);
            var total = Pruning.Flops.Total(model, layers) / 1e12;
            return (Math.Abs(total - expected) / expected, FormattableString.Invariant($"{total}, expected {expected}"));
        });
    }
}
