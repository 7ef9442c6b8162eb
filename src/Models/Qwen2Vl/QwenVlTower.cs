using HieraVid.Models.Qwen2;
using static TorchSharp.torch;

namespace HieraVid.Models.Qwen2Vl;

/// <summary>In what the towers of the Qwen-VL families differ.</summary>
/// <param name="Norm">A norm by its name, over the tower's width.</param>
/// <param name="FeedForward">A block's feed-forward network.</param>
internal sealed record QwenVlParts(
    Func<Weights, string, Func<Tensor, Tensor>> Norm, Func<Weights, Func<Tensor, Tensor>> FeedForward)
{
    /// <summary>Tokens along the side of an attention window; 0 where every patch sees the whole grid.</summary>
    internal int WindowSide { get; init; }

    /// <summary>The blocks in which every patch sees the whole grid all the same.</summary>
    internal IReadOnlyList<int> WholeBlocks { get; init; } = [];
}

/// <summary>
/// The vision transformer of the Qwen-VL families (models.md, section 9): pairs of frames of any size, rotation by row and
/// column, and a merger that makes one token of four neighbours. Attention stays inside one pair of frames.
/// </summary>
public sealed class QwenVlTower
{
    private readonly Linear _patchEmbedding, _mergerFirst, _mergerSecond;
    private readonly Block[] _blocks;
    private readonly Func<Tensor, Tensor> _mergerNorm;
    private readonly QwenVlParts _parts;
    private readonly Compute _compute;

    /// <summary>Loads the tower.</summary>
    /// <param name="config">Its dimensions.</param>
    /// <param name="textWidth">The decoder's width.</param>
    /// <param name="weights">Under the prefix of <c>patch_embed</c>, <c>blocks</c> and <c>merger</c>.</param>
    /// <param name="parts">What this family's blocks are made of.</param>
    /// <exception cref="ModelException">A tensor is missing or has another shape.</exception>
    internal QwenVlTower(QwenVlVisionConfig config, int textWidth, Weights weights, QwenVlParts parts)
    {
        (Config, _parts, _compute) = (config, parts, weights.Compute);
        var (width, joined) = (config.HiddenSize, config.HiddenSize * config.PatchesPerToken);
        var kernel = weights.Load("patch_embed.proj.weight", width, config.ChannelCount, config.FramesPerPatch, config.PatchSize, config.PatchSize);
        _patchEmbedding = new Linear(kernel.view(width, config.PatchValues).DetachFromDisposeScope(), null);
        _blocks = [.. Enumerable.Range(0, config.LayerCount).Select(i => new Block(config, weights.Under($"blocks.{i}."), parts))];
        _mergerNorm = parts.Norm(weights, "merger.ln_q");
        _mergerFirst = weights.Linear("merger.mlp.0", joined, joined);
        _mergerSecond = weights.Linear("merger.mlp.2", joined, textWidth);
    }

    /// <summary>The tower's dimensions.</summary>
    public QwenVlVisionConfig Config { get; }

    /// <summary>The number of the state that <see cref="Watch"/> wants, in the numbering of <see cref="Forward"/>.</summary>
    public int WatchedState => _blocks.Length - 1;

    /// <summary>Runs the blocks.</summary>
    /// <param name="patches">[steps, patches, channel · time · row · column] of <see cref="QwenVlPatches.Cut"/>, in the compute type.</param>
    /// <param name="grid">The grid.</param>
    /// <param name="observe">Sees each block's output, numbered from 1; 0 is the embedding.</param>
    /// <returns>[steps, patches, width].</returns>
    public Tensor Forward(Tensor patches, FrameGrid grid, Action<int, Tensor>? observe = null)
    {
        using var scope = NewDisposeScope();
        var rotary = VisionRotary.Table(grid, patches.shape[0], Config, _compute);
        var windows = _parts.WindowSide > 0 ? VisionWindows.Of(grid, _parts.WindowSide, Config.PatchesPerToken) : null;
        var x = _patchEmbedding.Forward(patches);
        observe?.Invoke(0, x);
        for (var i = 0; i < _blocks.Length; i++)
        {
            var next = _blocks[i].Forward(x, rotary, _parts.WholeBlocks.Contains(i) ? null : windows);
            x.Dispose();
            x = next;
            observe?.Invoke(i + 1, x);
        }
        return x.MoveToOuterDisposeScope();
    }

    /// <summary>What the last block attends to, from its input, the whole grid in view. It costs a part of that block once more.</summary>
    /// <param name="x">[steps, patches, width], state <see cref="WatchedState"/>.</param>
    /// <param name="grid">The grid.</param>
    /// <returns>
    /// Attention that each patch receives, mean over heads and queries, [steps, patches] in float32, and the keys before
    /// rotation, all heads side by side, [steps, patches, width].
    /// </returns>
    public (Tensor Received, Tensor Keys) Watch(Tensor x, FrameGrid grid) =>
        _blocks[^1].Watch(x, VisionRotary.Table(grid, x.shape[0], Config, _compute));

    /// <summary>One token of each four neighbours: norm per patch, then a two-layer network over all four.</summary>
    /// <param name="features">[steps, patches, width].</param>
    /// <returns>[steps, P, the decoder's width].</returns>
    public Tensor Merge(Tensor features)
    {
        using var scope = NewDisposeScope();
        var joined = _mergerNorm(features).reshape(features.shape[0], -1, (long)Config.HiddenSize * Config.PatchesPerToken);
        return _mergerSecond.Forward(_mergerFirst.Forward(joined).gelu()).MoveToOuterDisposeScope();
    }

    // x += attention(norm1(x)); x += feedForward(norm2(x)).
    private sealed class Block(QwenVlVisionConfig config, Weights weights, QwenVlParts parts)
    {
        private readonly Func<Tensor, Tensor> _norm1 = parts.Norm(weights, "norm1");
        private readonly QwenVlAttention _attention = new(config, weights);
        private readonly Func<Tensor, Tensor> _norm2 = parts.Norm(weights, "norm2");
        private readonly Func<Tensor, Tensor> _feedForward = parts.FeedForward(weights);

        internal Tensor Forward(Tensor x, RotaryTable rotary, VisionWindows? windows)
        {
            using var scope = NewDisposeScope();
            var mixed = _attention.Forward(_norm1(x), rotary, windows);
            mixed.add_(x);
            return mixed.add_(_feedForward(_norm2(mixed))).MoveToOuterDisposeScope();
        }

        internal (Tensor Received, Tensor Keys) Watch(Tensor x, RotaryTable rotary)
        {
            using var scope = NewDisposeScope();
            var (received, keys) = _attention.Watch(_norm1(x), rotary);
            return (received.MoveToOuterDisposeScope(), keys.MoveToOuterDisposeScope());
        }
    }
}
