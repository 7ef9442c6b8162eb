using System.Text.RegularExpressions;

namespace HieraVid.Client.Tests;

public partial class VerifyTests : ClientTest
{
    [Fact]
    public async Task The_repositorys_golden_cases_pass()
    {
        var outcome = (await RunAsync("verify", Repository.Fixtures)).Succeeds();
        var lines = outcome.Output.TrimEnd('\n').Split('\n');
        var passed = lines.Where(line => line.StartsWith("pass ", StringComparison.Ordinal)).ToList();
        foreach (var (kind, least) in new[]
        {
            ("siglip-tiny", 8), ("siglip-tiny-odd", 8), ("qwen2-tiny", 20), ("qwen2-tiny-tied", 20), ("llava-onevision-tiny", 15),
            ("llava-onevision-tiny-hf", 5), ("llava-video-tiny", 15), ("qwen2vl-tiny", 24), ("tokenizer", 100), ("preprocess", 23), ("sampling", 3),
        })
            Assert.InRange(passed.Count(line => line.Contains($" {kind}/", StringComparison.Ordinal)), least, int.MaxValue);
        Assert.Matches($"^{passed.Count} pass, 0 fail, [0-9]+ not covered, on cpu in f32$", lines[^1]);
    }

    [Theory]
    [InlineData("qwen2vl-tiny", "--dtype bf16", "bf16")]
    [InlineData("llava-video-tiny", "--dtype bf16", "bf16")]
    [InlineData("qwen2vl-tiny", "--weights int8", "f32, int8 weights")]
    public async Task In_fewer_bits_the_networks_stay_within_the_wider_tolerance(string model, string option, string named)
    {
        var outcome = (await RunAsync(["verify", Repository.Fixture(model), .. option.Split(' ')])).Succeeds();
        Assert.Matches($"[1-9][0-9]* pass, 0 fail, 0 not covered, on cpu in {named}", outcome.Output);
        Assert.Contains("allowed 6.0e-02", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_changed_number_fails()
    {
        CopyFolder(Repository.Fixture("sampling"), At("sampling"));
        var cases = await File.ReadAllTextAsync(At("sampling/cases.json"), Cancel);
        await File.WriteAllTextAsync(At("sampling/cases.json"), FirstIndex().Replace(cases, "$1 7777777,", 1), Cancel);
        await Fails("sampling", "sampling/");
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0x80, 0x7F })]
    [InlineData(new byte[] { 0, 0, 0xC0, 0x7F })]
    [InlineData(new byte[] { 0, 0, 0x20, 0x41 })]
    public async Task A_changed_tensor_fails_be_it_infinite_or_no_number_or_ten(byte[] value)
    {
        CopyFolder(Repository.Fixture("siglip-tiny"), At("siglip"));
        var bytes = await File.ReadAllBytesAsync(At("siglip/expected.safetensors"), Cancel);
        value.CopyTo(bytes, bytes.Length - value.Length);
        await File.WriteAllBytesAsync(At("siglip/expected.safetensors"), bytes, Cancel);
        await Fails("siglip", "siglip/");
    }

    [Fact]
    public async Task A_case_that_cannot_be_read_fails()
    {
        Directory.CreateDirectory(At("case"));
        await File.WriteAllTextAsync(At("case/cases.json"), "{ \"linspace\": ", Cancel);
        await Fails("case", "case");
    }

    [Fact]
    public async Task A_kind_that_nothing_covers_is_listed_as_that_and_never_as_passed()
    {
        foreach (var (name, content) in new[] { ("unknown", "{\"riddles\": [1]}"), ("method", "{\"method\": \"wishful. thinking\"}") })
        {
            Directory.CreateDirectory(At(name));
            await File.WriteAllTextAsync(At($"{name}/cases.json"), content, Cancel);
        }
        var outcome = (await RunAsync("verify", ".")).Succeeds();
        Assert.Matches("(?m)^not covered  unknown/", outcome.Output);
        Assert.Matches("(?m)^not covered  method/.*wishful", outcome.Output);
        Assert.Contains("0 pass, 0 fail, 2 not covered", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_without_cases_is_refused()
    {
        (await RunAsync("verify", "nowhere")).RefusesNaming("nowhere");
        (await RunAsync("verify", ".")).RefusesNaming("cases.json");
    }

    private async Task Fails(string folder, string named)
    {
        var outcome = await RunAsync("verify", folder);
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains(outcome.Output.Split('\n'), line =>
            line.StartsWith("FAIL ", StringComparison.Ordinal) && line.Contains(named, StringComparison.Ordinal));
        Assert.DoesNotContain("\n   at ", outcome.Output, StringComparison.Ordinal);
        Assert.Matches("[1-9][0-9]* fail,", outcome.Output);
    }

    [GeneratedRegex("(\"frame_idx\":\\s*\\[)\\s*[0-9]+,")]
    private static partial Regex FirstIndex();
}
