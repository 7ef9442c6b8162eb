using HieraVid.Models.Configuration;
using HieraVid.Models.Devices;
using HieraVid.Models.Generation;
using HieraVid.Models.Qwen2;
using HieraVid.Models.Safetensors;
using HieraVid.Torch;
using TorchSharp;
using static TorchSharp.torch;

namespace HieraVid.Models.Tests.Devices;

/// <summary>A decoder whose layers are on several devices.</summary>
public sealed class SpreadDecoderTests : IDisposable
{
    private readonly CheckpointFolder _files = CheckpointFolder.Open(Fixtures.Find("qwen2-tiny-tied"));
    private readonly Qwen2Config _config = ModelConfig.Load<Qwen2Config>(Fixtures.Find("qwen2-tiny-tied"));
    private readonly List<Weights> _loaded = [];

    public void Dispose()
    {
        _loaded.ForEach(weights => weights.Dispose());
        _files.Dispose();
    }

    [Theory]
    [InlineData("cpu:2")]
    [InlineData("cpu:3")]
    [InlineData("0=cpu:3,1=cpu,2=cpu:3")]
    public void The_logits_are_those_of_one_device_bit_for_bit(string map)
    {
        using var scope = NewDisposeScope();
        var (whole, spread) = (Load(Compute.Reference), Load(Over(map)));
        foreach (var hook in new Func<LayerHook?>[] { () => null, Dropping })
        {
            using var one = new DecodingSession(whole);
            using var many = new DecodingSession(spread);
            Assert.Equal(one.Prefill(whole.Embed(Ids(30)), hook: hook()), many.Prefill(spread.Embed(Ids(30)), hook: hook()));
            for (var step = 0; step < 3; step++)
                Assert.Equal(one.Step(step), many.Step(step));
            for (var layer = 0; layer < _config.LayerCount; layer++)
            {
                Assert.Equal(one.Cache.Length(layer), many.Cache.Length(layer));
                Assert.Equal(one.Cache.Keys(layer).ToArray<float>(), many.Cache.Keys(layer).ToArray<float>());
            }
        }
    }

    // Tensors of the meta device have no values and refuse to meet those of the CPU: what runs there has all that it needs there.
    [Fact]
    public void All_that_a_stage_needs_is_on_its_device()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var compute = Compute.Reference.Spread(new Placement(new NamedDevice("cpu"), [.. Enumerable.Range(0, _config.LayerCount)
            .Select(i => new NamedDevice(i == 0 ? "cpu" : "meta"))]));
        var decoder = Load(compute);
        using var cache = decoder.NewCache();
        var early = new LayerHook(layer => layer == 0, (_, _, _) => Ids(20, step: 1));
        var logits = decoder.Logits(decoder.Forward(decoder.Embed(Ids(30)), PositionIds.Range(30), cache, early));
        Assert.Equal((DeviceType.META, 20L), (logits.device.type, logits.shape[0]));
        Assert.Equal([DeviceType.CPU, DeviceType.META, DeviceType.META], Enumerable.Range(0, 3).Select(i => cache.Keys(i).device.type));
    }

    private static Compute Over(string map) => Compute.Over(DeviceMap.Parse(map), "f32");

    private static long[] Ids(int count, int step = 7) => [.. Enumerable.Range(0, count).Select(i => (long)(i * step % 600))];

    // At every layer each fifth token goes, and what stays changes its values after layer 1.
    private static LayerHook Dropping() => new(
        (layer, place) => place == HookPlace.AfterLayer && layer == 1 ? HookNeed.Hidden
            : place == HookPlace.AfterAttention ? HookNeed.HiddenAndAttention : HookNeed.Nothing,
        (_, place, hidden, _) =>
        {
            long[] kept = [.. Enumerable.Range(0, (int)hidden.shape[0]).Where(i => i % 5 != 1).Select(i => (long)i)];
            var index = TensorData.From<long>(kept, kept.Length);
            return new HookResult(kept, place == HookPlace.AfterLayer ? hidden.index_select(0, index) * 0.5 : null);
        });

    private Qwen2Decoder Load(Compute compute)
    {
        var weights = new Weights(_files, compute.Placed(_config, _files, _ => ModelPart.Decoder, _config.MaxPositions));
        _loaded.Add(weights);
        return new Qwen2Decoder(_config, weights.Under("model."), weights);
    }
}
