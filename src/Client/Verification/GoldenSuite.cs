using System.Text.Json;
using HieraVid.Models;
using HieraVid.Models.Configuration;
using HieraVid.Models.Llava;
using HieraVid.Models.Qwen2Vl;
using HieraVid.Pruning;

namespace HieraVid.Client.Verification;

/// <summary>Runs every golden case below a folder. What a case is follows from its files, not from its name.</summary>
public static class GoldenSuite
{
    /// <summary>Runs the cases one by one.</summary>
    /// <param name="root">Any folder; every <c>cases.json</c> below it counts.</param>
    /// <param name="compute">Device and precision. The stated tolerances are for float32.</param>
    /// <returns>Results, folder by folder.</returns>
    /// <exception cref="ModelException">The folder does not exist or holds no case.</exception>
    public static IEnumerable<GoldenResult> Run(string root, Compute compute)
    {
        if (!Directory.Exists(root))
            throw ModelException.NotFound(root, "give a folder with golden cases (cases.json files)");
        var folders = Directory.EnumerateFiles(root, "cases.json", SearchOption.AllDirectories)
            .Select(file => Path.GetDirectoryName(file)!).Order(StringComparer.Ordinal).ToList();
        if (folders.Count == 0)
            throw ModelException.NotFound($"a cases.json below {root}", "give a folder with golden cases");
        return folders.SelectMany(folder => RunFolder(root, folder, compute));
    }

    private static List<GoldenResult> RunFolder(string root, string folder, Compute compute)
    {
        var name = Path.GetRelativePath(Path.GetFullPath(root), Path.GetFullPath(folder));
        name = name == "." ? Path.GetFileName(Path.GetFullPath(folder)) : name;
        try
        {
            using var golden = new GoldenFolder(folder, name);
            Dispatch(golden, compute);
            return [.. golden.Results];
        }
        catch (Exception e) when (e is ModelException or PruningException or JsonException or IOException
            or KeyNotFoundException)
        {
            return [new GoldenResult(name, "case", double.NaN, 0, GoldenOutcome.Fail, e.Message)];
        }
    }

    private static void Dispatch(GoldenFolder golden, Compute compute)
    {
        var cases = golden.Cases;
        if (cases.TryGetProperty("conversations", out _))
            TokenizerGolden.Run(golden);
        else if (cases.TryGetProperty("smart_resize", out _))
            PreprocessGolden.Run(golden);
        else if (cases.TryGetProperty("linspace", out _))
            SamplingGolden.Run(golden);
        else if (cases.TryGetProperty("method", out var method) && method.GetString() == "hieravid")
            HieraVidGolden.Run(golden);
        else if (cases.TryGetProperty("method", out method) && method.GetString() == "fastvid")
            FastVidGolden.Run(golden);
        else if (cases.TryGetProperty("method", out method) && BaselineGolden.Covers(method.GetString()!))
            BaselineGolden.Run(golden, method.GetString()!);
        else if (cases.TryGetProperty("method", out method))
            golden.NotCovered("all cases", $"method {method.GetString()?.Split('.', ';', ',')[0]} is not built yet");
        else if (File.Exists(Path.Combine(golden.Path, ModelConfig.FileName)))
            RunModel(golden, compute);
        else
            golden.NotCovered("all cases", "its cases.json is of no known layout");
        // Where nothing of a folder is covered, one line says so.
        if (golden.Results is not [{ Outcome: GoldenOutcome.NotCovered }])
            golden.ListUncovered();
    }

    private static void RunModel(GoldenFolder golden, Compute compute)
    {
        ModelConfig config;
        try
        {
            config = ModelConfig.Load(golden.Path);
        }
        catch (ModelException e)
        {
            golden.NotCovered("all cases", e.Message);
            return;
        }
        // Only networks are run in the chosen type; everything else is computed in float32 anyway.
        golden.IsRounded = compute.DType != TorchSharp.torch.ScalarType.Float32 || compute.WeightBits is not null;
        switch (config)
        {
            case SiglipVisionConfig siglip: SiglipGolden.Run(golden, siglip, compute); break;
            case Qwen2Config qwen2: Qwen2Golden.Run(golden, qwen2, compute); break;
            case LlavaConfig llava: LlavaGolden.Run(golden, llava, compute); break;
            case Qwen2VlConfig: QwenVlGolden.Run(golden, compute); break;
            default: golden.NotCovered("all cases", $"{config.GetType().Name} has no golden runner"); break;
        }
    }
}
