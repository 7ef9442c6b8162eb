using HieraVid.Models.Configuration;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Vision;

/// <summary>
/// SigLIP's attention pooling head with the norm before it (models.md, section 2). LLaVA drops it; FastVID puts it back for
/// its per-patch score and per-frame feature.
/// </summary>
public sealed class SiglipHead
{
    private readonly SiglipVisionConfig _config;
    private readonly LayerNorm _postNorm, _norm;
    private readonly Tensor _probe, _inWeight, _inBias;
    private readonly Linear _output, _fc1, _fc2;

    /// <summary>Loads <c>post_layernorm</c> and <c>head.*</c>, which only an original SigLIP checkpoint has.</summary>
    /// <exception cref="ModelException">A tensor is missing or has another shape.</exception>
    public SiglipHead(SiglipVisionConfig config, Weights weights)
    {
        var (width, wide) = (config.HiddenSize, config.IntermediateSize);
        _config = config;
        _postNorm = weights.LayerNorm("post_layernorm", width, config.LayerNormEpsilon);
        _probe = weights.Load("head.probe", 1, 1, width);
        _inWeight = weights.Load("head.attention.in_proj_weight", 3 * width, width);
        _inBias = weights.Load("head.attention.in_proj_bias", 3 * width);
        _output = weights.Linear("head.attention.out_proj", width, width);
        _norm = weights.LayerNorm("head.layernorm", width, config.LayerNormEpsilon);
        _fc1 = weights.Linear("head.mlp.fc1", width, wide);
        _fc2 = weights.Linear("head.mlp.fc2", wide, width);
    }

    /// <summary>The tower's output norm.</summary>
    /// <param name="x">[F, patches, width], a block's raw output.</param>
    public Tensor PostNorm(Tensor x) => _postNorm.Forward(x);

    /// <summary>Pools patches by the learned probe.</summary>
    /// <param name="x">[F, patches, width], after <see cref="PostNorm"/>.</param>
    /// <returns>Pooled [F, width] and the probe's attention per head [F, heads, patches] in float32.</returns>
    public (Tensor Pooled, Tensor Attention) Forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var (frames, patches, width) = (x.shape[0], x.shape[1], x.shape[2]);
        var (heads, headSize) = (_config.HeadCount, (long)_config.HeadSize);
        var query = Project(_probe.view(1, width), 0).view(1, heads, 1, headSize).expand(frames, heads, 1, headSize);
        var key = Project(x, 1).view(frames, patches, heads, headSize).permute(0, 2, 3, 1);
        var value = Project(x, 2).view(frames, patches, heads, headSize).transpose(1, 2);
        var attention = Products.Of(query.to(float32), key.to(float32)).mul_(Math.Pow(headSize, -0.5)).softmax(-1);
        var mixed = _output.Forward(Products.Of(attention.to(x.dtype), value).reshape(frames, width));
        var pooled = mixed + _fc2.Forward(Activations.GeluTanh(_fc1.Forward(_norm.Forward(mixed))));
        return (pooled.MoveToOuterDisposeScope(), attention.view(frames, heads, patches).MoveToOuterDisposeScope());
    }

    // Rows part·width .. of the joint projection: query, key, value.
    private Tensor Project(Tensor x, int part) => Products.Linear(
        x, _inWeight.narrow(0, part * _config.HiddenSize, _config.HiddenSize),
        _inBias.narrow(0, part * _config.HiddenSize, _config.HiddenSize));
}
