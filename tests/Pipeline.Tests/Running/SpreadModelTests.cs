using HieraVid.Models;
using HieraVid.Models.Checkpoints;
using HieraVid.Models.Devices;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using HieraVid.Pruning;
using HieraVid.Video;

namespace HieraVid.Pipeline.Tests.Running;

/// <summary>A model over several devices, here logical ones of the CPU, answers as on one, bit for bit.</summary>
[Collection(nameof(WithTensors))]
public sealed class SpreadModelTests(RunnerFixture fixture)
{
    private const string Map = "vision=cpu:2,0-2=cpu:0,3=cpu:1,4-7=cpu:2";

    public static TheoryData<string> Presets => ["tiny", "tiny-llava-video", "tiny-qwen2-vl", "tiny-qwen2.5-vl"];

    [Theory]
    [MemberData(nameof(Presets))]
    public async Task The_answer_and_what_is_kept_are_those_of_one_device(string preset)
    {
        using var whole = fixture.Load(CheckpointPreset.Parse(preset));
        using var spread = Spread(preset);
        foreach (var method in new[] { PruningMethods.None, PruningMethods.HieraVid })
        {
            var request = fixture.Ask(maxTokens: 6) with { Pruning = new PruningRequest { Method = method, Budget = 0.3 } };
            var (one, many) = (await fixture.RunOnAsync(whole, request), await fixture.RunOnAsync(spread, request));
            Assert.Equal(one.Answer, many.Answer);
            Assert.Equal(one.KeptTokens, many.KeptTokens);
            Assert.Equivalent(one.Tokens, many.Tokens, strict: true);
            Assert.Equal(("cpu", Map), (one.Device, many.Device));
        }
    }

    // What every method does inside the model crosses over, too. The divergence is a number of all logits.
    [Fact]
    public async Task Every_method_gives_the_same_logits()
    {
        using var whole = fixture.Load(CheckpointPreset.Tiny);
        using var spread = Spread(CheckpointPreset.Tiny.Name);
        var (one, many) = (await CompareAsync(whole), await CompareAsync(spread));
        Assert.Equal(PruningMethods.Names.Count, one.Rows.Count);
        Assert.Equal(one.Rows.Select(row => (row.Method, row.Refusal, row.Divergence, row.Answer, row.Entered, row.CacheBytes)),
            many.Rows.Select(row => (row.Method, row.Refusal, row.Divergence, row.Answer, row.Entered, row.CacheBytes)));
    }

    private async Task<ComparisonReport> CompareAsync(LoadedModel model)
    {
        var request = fixture.Ask(frames: 5, maxTokens: 2);
        var asked = PruningMethods.Names.Select(name => new PruningRequest { Method = name, Budget = 0.3 }).ToList();
        return await new ComparisonRunner(model, VideoLimits.Default).RunAsync(request, asked, _ => { },
            await ProbedVideo.OfAsync(request.VideoPath, VideoLimits.Default, TestContext.Current.CancellationToken));
    }

    private LoadedModel Spread(string preset) =>
        fixture.Load(CheckpointPreset.Parse(preset), compute: Compute.Over(DeviceMap.Parse(Map), "f32"));
}
