using HieraVid.Models.Configuration;
using HieraVid.Models.Llava;
using HieraVid.Torch;
using HieraVid.Torch.Training;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace HieraVid.Train.Network;

/// <summary>The vision tower and the projector with gradients; the same function as the product's.</summary>
/// <param name="config">The whole model.</param>
/// <param name="weights">By full name.</param>
internal sealed class TrainableTower(LlavaConfig config, IReadOnlyDictionary<string, Tensor> weights)
{
    private readonly SiglipVisionConfig _vision = config.ResolveVision();
    private readonly LlavaNames _names = LlavaNames.HuggingFace;

    /// <summary>Frames to visual tokens.</summary>
    /// <param name="frames">[F, size, size, 3] uint8, on the weights' device.</param>
    /// <returns>[F, tokens per frame, hidden].</returns>
    internal Tensor Forward(Tensor frames)
    {
        using var scope = NewDisposeScope();
        var x = Embed(frames);
        for (var i = 0; i < _vision.LayerCount; i++)
            x = Block(x, $"{_names.Tower}encoder.layers.{i}.");
        var projected = Linear(Linear(x, _names.ProjectorFirst).gelu(), _names.ProjectorSecond);
        return Pool(projected).MoveToOuterDisposeScope();
    }

    private Tensor Embed(Tensor frames)
    {
        var (grid, patch, width) = (_vision.GridSize, _vision.PatchSize, _vision.HiddenSize);
        var kernel = weights[$"{_names.Tower}embeddings.patch_embedding.weight"];
        var patches = frames.narrow(1, 0, grid * patch).narrow(2, 0, grid * patch)
            .reshape(-1, grid, patch, grid, patch, 3)
            .permute(0, 1, 3, 5, 2, 4)
            .reshape(-1, grid * grid, 3 * patch * patch);
        // SigLIP's mean and deviation are 0.5.
        var pixels = (patches.to(float32) * (2.0 / 255) - 1).to(kernel.dtype);
        return linear(pixels, kernel.view(width, 3 * patch * patch), weights[$"{_names.Tower}embeddings.patch_embedding.bias"])
            + weights[$"{_names.Tower}embeddings.position_embedding.weight"];
    }

    private Tensor Block(Tensor x, string name)
    {
        var s = x.shape;
        var size = _vision.HeadSize;
        var normed = Norm(x, $"{name}layer_norm1");
        Tensor Heads(string part) => Linear(normed, $"{name}self_attn.{part}_proj").view(s[0], s[1], _vision.HeadCount, size);
        var mixed = PackedAttention.OverAll(Heads("q"), Heads("k"), Heads("v"), Math.Pow(size, -0.5));
        var hidden = x + Linear(mixed.reshape(s), $"{name}self_attn.out_proj");
        var wide = Linear(Norm(hidden, $"{name}layer_norm2"), $"{name}mlp.fc1");
        return hidden + Linear(Activations.GeluTanh(wide), $"{name}mlp.fc2");
    }

    // An even grid pools to the means of 2 x 2; the product's bilinear rule gives the same for it.
    private Tensor Pool(Tensor x)
    {
        var (frames, width, side) = (x.shape[0], x.shape[2], _vision.GridSize / 2);
        return x.reshape(frames, side, 2, side, 2, width).mean([2, 4]).reshape(frames, side * side, width);
    }

    private Tensor Linear(Tensor x, string name) => linear(x, weights[$"{name}.weight"], weights[$"{name}.bias"]);

    private Tensor Norm(Tensor x, string name) =>
        layer_norm(x, [x.shape[^1]], weights[$"{name}.weight"], weights[$"{name}.bias"], _vision.LayerNormEpsilon);
}
