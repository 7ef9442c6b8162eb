using HieraVid.Client.Checking;
using TorchSharp;

namespace HieraVid.Client.Tests;

/// <summary>The check of a GPU, run on the CPU, which is all that there is here.</summary>
public class GpuCheckTests : ClientTest
{
    private static readonly string[] s_small =
        ["gpu-check", "--device", "cpu", "--preset", "tiny", "--frames", "4", "--repetitions", "1", "--goldens", Repository.Fixture("qwen2-tiny")];

    [Fact]
    public async Task Without_a_gpu_it_says_so()
    {
        Assert.SkipUnless(torch.cuda.device_count() == 0, "there is a GPU here");
        (await RunAsync("gpu-check")).RefusesNaming("--device cuda cannot be had", "set LIBTORCH to a CUDA build");
    }

    [Fact]
    public async Task It_verifies_looks_for_strays_and_measures()
    {
        var output = (await RunAsync(s_small)).Succeeds().Output;
        Assert.Matches("--dtype auto is (bf16|f32) here: [a-z]", output);
        Assert.Matches("- f32: [1-9][0-9]* pass, 0 fail", output);
        Assert.Matches("- bf16: [1-9][0-9]* pass, 0 fail", output);
        foreach (var preset in new[] { "tiny", "tiny-llava-video", "tiny-qwen2-vl", "tiny-qwen2.5-vl" })
            Assert.Contains($"- {preset}: the same tokens and answer as on the CPU", output, StringComparison.Ordinal);
        Assert.Matches("[0-9.]+ s of the processor's time in an answer of [0-9.]+ s", output);
        Assert.DoesNotContain("STRAY", output, StringComparison.Ordinal);
        foreach (var setting in new[] { "hieravid at 0.1", "hieravid at 0.2", "hieravid at 0.3", "vanilla" })
            Assert.Matches($@"\| {setting} \| [1-9][0-9,]* \| [0-9.]+ % \|( [0-9.]+ \|){{7}}", output);
        Assert.Matches("DPP alone: 6,272 tokens of width 128", output);
        NothingIsLeftBut();
    }

    [Fact]
    public async Task A_golden_that_fails_fails_the_check()
    {
        CopyFolder(Repository.Fixture("siglip-tiny"), At("siglip"));
        var bytes = await File.ReadAllBytesAsync(At("siglip/expected.safetensors"), Cancel);
        bytes[^1] ^= 0x40;
        await File.WriteAllBytesAsync(At("siglip/expected.safetensors"), bytes, Cancel);
        var outcome = await RunAsync([.. s_small[..^1], At("siglip")]);
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("FAIL siglip/", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_elsewhere_are_named()
    {
        var weights = new Dictionary<DeviceType, long> { [DeviceType.CUDA] = 5_000_000, [DeviceType.CPU] = 1_500_000 };
        Assert.Equal("1.5 MB of the weights are on the CPU", Assert.Single(StrayWeights.Of(weights, DeviceType.CUDA)));
    }
}
