using System.Text.Json;

namespace HieraVid.Client.Tests;

/// <summary>A method from a user's own assembly: the example of docs/methods.md, as it stands there.</summary>
public sealed class OwnMethodTests : ClientTest
{
    private static readonly string s_assembly = Path.Combine(AppContext.BaseDirectory, "HieraVid.Samples.Method.dll");

    [Fact]
    public async Task The_documented_example_is_what_is_compiled_here()
    {
        var root = Path.GetFullPath(Path.Combine(Repository.Fixtures, "..", "..", ".."));
        var code = await File.ReadAllTextAsync(Path.Combine(root, "samples", "method", "LoudestTokens.cs"), Cancel);
        var page = await File.ReadAllTextAsync(Path.Combine(root, "docs", "methods.md"), Cancel);
        Assert.Contains("```csharp\n" + code + "```", page, StringComparison.Ordinal);
        Assert.InRange(code.Split('\n').Count(line => line.Length > 0), 1, 50);
    }

    [Fact]
    public async Task It_answers_by_its_name_and_takes_its_settings()
    {
        MakeVideo("v.mp4");
        (await RunAsync("model", "new", "m")).Succeeds();
        string[] ask = ["ask", "v.mp4", "What moves?", "--model", "m", "--max-tokens", "2", "--json", "--method-assembly", s_assembly, "--method", "loudest"];
        var outcome = (await RunAsync([.. ask, "--budget", "0.25", "--set", "least=0.01"])).Succeeds();
        using var document = JsonDocument.Parse(outcome.Output);
        Assert.Equal("loudest", document.RootElement.GetProperty("method").GetString());
        Assert.InRange(document.RootElement.GetProperty("tokens").GetProperty("averageRetention").GetDouble(), 0.249, 0.25);
        (await RunAsync([.. ask, "--set", "most=1"])).RefusesNaming("most");
        var flops = (await RunAsync("flops", "--method-assembly", s_assembly + ":HieraVid.Samples.LoudestTokens", "--method", "loudest")).Succeeds();
        Assert.Contains("19.12 TFLOPs", flops.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_assembly_without_a_method_is_refused()
    {
        (await RunAsync("flops", "--method-assembly", "nowhere.dll")).RefusesNaming("nowhere.dll");
        await File.WriteAllTextAsync(At("text.dll"), "no assembly", Cancel);
        (await RunAsync("flops", "--method-assembly", "text.dll")).RefusesNaming("text.dll");
        (await RunAsync("flops", "--method-assembly", s_assembly + ":Wrong.Name")).RefusesNaming("Wrong.Name");
        (await RunAsync("flops", "--method-assembly", Path.Combine(AppContext.BaseDirectory, "HieraVid.Torch.dll"))).RefusesNaming("PruningMethodName");
    }
}
