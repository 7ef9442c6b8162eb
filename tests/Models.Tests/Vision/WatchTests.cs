using HieraVid.Models.Configuration;
using HieraVid.Models.Safetensors;
using HieraVid.Models.Vision;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Tests.Vision;

/// <summary>What pruning methods learn of the tower's last layer, against the attention matrix of the golden values.</summary>
public sealed class WatchTests
{
    [Theory]
    [InlineData("siglip-tiny")]
    [InlineData("siglip-tiny-odd")]
    public void Received_attention_is_the_mean_of_the_matrix_over_heads_and_queries(string fixture)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var folder = Fixtures.Find(fixture);
        using var files = CheckpointFolder.Open(folder);
        using var weights = new Weights(files, Compute.Reference);
        using var expected = SafetensorsFile.Open(Path.Combine(folder, "expected.safetensors"));
        Tensor Expected(string name) => TensorData.From<float>(expected.ReadFloats(expected.Tensors[name]), expected.Tensors[name].Shape);

        var config = ModelConfig.Load<SiglipVisionConfig>(folder);
        var tower = new SiglipTower(config with { LayerCount = config.LayerCount - 1 }, weights.Under("vision_model."));
        Tensor? input = null;
        tower.Forward(tower.Patches(Expected("pixel_values")), (state, x) =>
            input = state == tower.WatchedState ? x.clone().MoveToOuterDisposeScope() : input);
        var (received, keys) = tower.Watch(input!);
        var matrix = Expected("layer_attention_penultimate");
        Assert.InRange((received - matrix.mean([1, 2])).abs().max().item<float>(), 0, 1e-6f);
        Assert.InRange((received.sum([1]) - 1).abs().max().item<float>(), 0, 1e-5f);
        Assert.Equal([received.shape[0], received.shape[1], config.HiddenSize], keys.shape);
    }
}
