using System.Diagnostics;
using System.Text.Json.Nodes;

namespace HieraVid.Deploy.Tests;

/// <summary>
/// Renders the chart: with Helm where it is installed, else with Go's templates and Helm's function library (Debian's
/// golang-go, golang-github-masterminds-sprig-dev and golang-k8s-sigs-yaml-dev).
/// </summary>
public sealed class Renderer : RealPart
{
    private const string GoPath = "/usr/share/gocode";

    private readonly string _folder = Directory.CreateTempSubdirectory("chart-").FullName;
    private readonly string? _helm = Programs.Find("helm");

    internal async Task<List<JsonNode>> RenderAsync(string values)
    {
        await ReadyAsync();
        var file = Path.Combine(_folder, $"{Guid.NewGuid():N}.yaml");
        await File.WriteAllTextAsync(file, values);
        return Deployment.Read(await RunAsync(_helm is null
            ? new ProcessStartInfo(Path.Combine(_folder, "render"), [Deployment.Chart, "test", file])
            : new ProcessStartInfo(_helm, ["template", "test", Deployment.Chart, "--values", file])));
    }

    protected override async Task StartAsync()
    {
        if (_helm is not null)
            return;
        if (Programs.Find("go") is not { } go)
            Missing("Helm or Go", "golang-go golang-github-masterminds-sprig-dev golang-k8s-sigs-yaml-dev");
        else if (new[] { "github.com/Masterminds/sprig", "sigs.k8s.io/yaml" }.Any(library => !Directory.Exists(Path.Combine(GoPath, "src", library))))
            Missing("Helm's function library", "golang-github-masterminds-sprig-dev golang-k8s-sigs-yaml-dev");
        else
            await BuildAsync(go);
    }

    protected override ValueTask StopAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return default;
    }

    private Task<string> BuildAsync(string go)
    {
        var start = new ProcessStartInfo(go, ["build", "-o", Path.Combine(_folder, "render"), Path.Combine(Repository.Root, "tests", "Deploy.Tests", "Rendering", "render.go")]);
        // Neither a C compiler nor the network is asked.
        foreach (var (name, value) in new[] { ("GO111MODULE", "off"), ("GOPATH", GoPath), ("GOFLAGS", ""), ("CGO_ENABLED", "0"), ("GOCACHE", Path.Combine(_folder, "cache")) })
            start.Environment[name] = value;
        return RunAsync(start);
    }

    private static async Task<string> RunAsync(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{Path.GetFileName(start.FileName)} failed: {await errors}");
        return text;
    }
}
