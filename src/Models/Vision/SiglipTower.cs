using HieraVid.Models.Configuration;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Vision;

/// <summary>The SigLIP vision transformer (models.md, section 2): pre-norm blocks, no class token, tanh GELU.</summary>
public sealed class SiglipTower
{
    private readonly Linear _patchEmbedding;
    private readonly Tensor _positions;
    private readonly SiglipBlock[] _blocks;

    /// <summary>Loads the tower; names are looked up under <c>vision_model.</c> or its equivalent, given by the prefix of
    /// <paramref name="weights"/>.</summary>
    /// <exception cref="ModelException">A tensor is missing or has another shape.</exception>
    public SiglipTower(SiglipVisionConfig config, Weights weights)
    {
        Config = config;
        var (width, patch) = (config.HiddenSize, config.PatchSize);
        // Stride = kernel, so the convolution is a product of [patches, 3·14·14] with the flattened kernel.
        var kernel = weights.Load("embeddings.patch_embedding.weight", width, config.ChannelCount, patch, patch);
        _patchEmbedding = new Linear(
            kernel.view(width, config.ChannelCount * patch * patch).DetachFromDisposeScope(),
            weights.Load("embeddings.patch_embedding.bias", width));
        _positions = weights.Load("embeddings.position_embedding.weight", config.PatchCount, width);
        _blocks = Enumerable.Range(0, config.LayerCount)
            .Select(i => new SiglipBlock(config, weights.Under($"encoder.layers.{i}.")))
            .ToArray();
    }

    /// <summary>The tower's dimensions.</summary>
    public SiglipVisionConfig Config { get; }

    /// <summary>Pixels to patch rows. Rows and columns beyond a whole number of patches are dropped, as the convolution does.
    /// </summary>
    /// <param name="pixels">[F, channels, size, size], normalised.</param>
    /// <returns>[F, patches, channels·patch·patch].</returns>
    public Tensor Patches(Tensor pixels)
    {
        using var scope = NewDisposeScope();
        var (grid, patch, channels) = (Config.GridSize, Config.PatchSize, Config.ChannelCount);
        var frames = pixels.shape[0];
        return pixels.narrow(2, 0, grid * patch).narrow(3, 0, grid * patch)
            .reshape(frames, channels, grid, patch, grid, patch)
            .permute(0, 2, 4, 1, 3, 5)
            .reshape(frames, grid * grid, channels * patch * patch)
            .MoveToOuterDisposeScope();
    }

    /// <summary>Patch and position embedding: the input of the first block.</summary>
    /// <param name="patches">[F, patches, channels·patch·patch], in the compute type.</param>
    /// <returns>[F, patches, width].</returns>
    public Tensor Embed(Tensor patches)
    {
        using var scope = NewDisposeScope();
        var embedded = _patchEmbedding.Forward(patches);
        embedded.add_(_positions);
        return embedded.MoveToOuterDisposeScope();
    }

    /// <summary>The number of the state that <see cref="Watch"/> wants, in the numbering of <see cref="Forward"/>.</summary>
    public int WatchedState => _blocks.Length - 1;

    /// <summary>What the last block attends to, from its input. It costs a part of that block once more.</summary>
    /// <param name="x">[F, patches, width], state <see cref="WatchedState"/>.</param>
    /// <returns>
    /// Attention that each patch receives, mean over heads and queries, [F, patches] in float32, and the keys, all heads
    /// side by side, [F, patches, width].
    /// </returns>
    public (Tensor Received, Tensor Keys) Watch(Tensor x) => _blocks[^1].Watch(x);

    /// <summary>Runs the blocks; no norm after the last one (LLaVA takes the raw output).</summary>
    /// <param name="patches">[F, patches, channels·patch·patch], in the compute type.</param>
    /// <param name="observe">Sees each block's output, numbered from 1; 0 is the embedding.</param>
    /// <returns>[F, patches, width].</returns>
    public Tensor Forward(Tensor patches, Action<int, Tensor>? observe = null)
    {
        using var scope = NewDisposeScope();
        var x = Embed(patches);
        observe?.Invoke(0, x);
        for (var i = 0; i < _blocks.Length; i++)
        {
            var next = _blocks[i].Forward(x);
            x.Dispose();
            x = next;
            observe?.Invoke(i + 1, x);
        }
        return x.MoveToOuterDisposeScope();
    }
}
