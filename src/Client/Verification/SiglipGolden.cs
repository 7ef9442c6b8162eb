using HieraVid.Models;
using HieraVid.Models.Configuration;
using HieraVid.Models.Safetensors;
using HieraVid.Models.Vision;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Client.Verification;

/// <summary>Golden values of a SigLIP tower with its pooling head.</summary>
internal static class SiglipGolden
{
    internal static void Run(GoldenFolder golden, SiglipVisionConfig config, Compute compute)
    {
        if (!golden.Has("pixel_values"))
            return;
        using var files = CheckpointFolder.Open(golden.Path);
        using var weights = new Weights(files, compute);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var tower = new SiglipTower(config, weights.Under("vision_model."));
        var head = new SiglipHead(config, weights.Under("vision_model."));

        var states = new List<Tensor>();
        var pixels = golden.Input("pixel_values").to(compute.DType).to(compute.Device);
        var last = tower.Forward(tower.Patches(pixels), (_, x) => states.Add(x.clone().DetachFromDisposeScope()));
        var penultimate = states[^2];
        golden.Compare("hidden_states", () => stack(states, 0));
        golden.Compare("penultimate", () => penultimate);
        golden.Compare("last_hidden_state", () => head.PostNorm(last));
        golden.Compare("layer_attention_penultimate", () => LayerAttention(states[^3], config, weights));
        Pooled("pooler_output", "probe_attention_full", last);
        Pooled("fastvid_global_feature", "fastvid_probe_attention", penultimate);
        states.ForEach(state => state.Dispose());

        void Pooled(string feature, string attention, Tensor x)
        {
            golden.Compare(feature, () => head.Forward(head.PostNorm(x)).Pooled);
            golden.Compare(attention, () => head.Forward(head.PostNorm(x)).Attention.mean([1]));
            golden.Compare($"{attention}_heads", () => head.Forward(head.PostNorm(x)).Attention);
        }
    }

    // The tower never forms this matrix; here it is formed from the same weights, to pin the projections.
    private static Tensor LayerAttention(Tensor x, SiglipVisionConfig config, Weights weights)
    {
        var layer = weights.Under($"vision_model.encoder.layers.{config.LayerCount - 2}.");
        var normed = layer.LayerNorm("layer_norm1", config.HiddenSize, config.LayerNormEpsilon).Forward(x);
        Tensor Heads(string name) => layer.Linear(name, config.HiddenSize, config.HiddenSize).Forward(normed)
            .view(x.shape[0], x.shape[1], config.HeadCount, config.HeadSize).transpose(1, 2);
        var scores = Products.Of(Heads("self_attn.q_proj"), Heads("self_attn.k_proj").transpose(2, 3));
        return (scores * Math.Pow(config.HeadSize, -0.5)).to(float32).softmax(-1);
    }
}
