using HieraVid.Models.Configuration;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Vision;

/// <summary>One block of the tower: x += out(attention(norm1(x))); x += fc2(gelu_tanh(fc1(norm2(x)))).</summary>
internal sealed class SiglipBlock
{
    private readonly int _heads;
    private readonly LayerNorm _norm1, _norm2;
    private readonly Linear _query, _key, _value, _output, _fc1, _fc2;

    internal SiglipBlock(SiglipVisionConfig config, Weights weights)
    {
        var (width, wide) = (config.HiddenSize, config.IntermediateSize);
        _heads = config.HeadCount;
        _norm1 = weights.LayerNorm("layer_norm1", width, config.LayerNormEpsilon);
        _query = weights.Linear("self_attn.q_proj", width, width);
        _key = weights.Linear("self_attn.k_proj", width, width);
        _value = weights.Linear("self_attn.v_proj", width, width);
        _output = weights.Linear("self_attn.out_proj", width, width);
        _norm2 = weights.LayerNorm("layer_norm2", width, config.LayerNormEpsilon);
        _fc1 = weights.Linear("mlp.fc1", width, wide);
        _fc2 = weights.Linear("mlp.fc2", wide, width);
    }

    // [F, patches, width] to the same shape.
    internal Tensor Forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var mixed = Attend(_norm1.Forward(x));
        mixed.add_(x);
        return mixed.add_(FeedForward(_norm2.Forward(mixed))).MoveToOuterDisposeScope();
    }

    /// <summary>What the block's attention would look at, without running it.</summary>
    /// <param name="x">[F, patches, width], the block's input.</param>
    /// <returns>
    /// Attention that each patch receives, mean over heads and queries, [F, patches] in float32, and the keys, [F, patches,
    /// width].
    /// </returns>
    internal (Tensor Received, Tensor Keys) Watch(Tensor x)
    {
        using var scope = NewDisposeScope();
        var (frames, patches, width) = (x.shape[0], x.shape[1], x.shape[2]);
        var normed = _norm1.Forward(x);
        var (queries, keys) = (_query.Forward(normed), _key.Forward(normed));
        Tensor Heads(Tensor values) => values.view(frames, patches, _heads, width / _heads);
        return (ReceivedAttention.Of(Heads(queries), Heads(keys)).MoveToOuterDisposeScope(), keys.MoveToOuterDisposeScope());
    }

    private Tensor Attend(Tensor x)
    {
        using var scope = NewDisposeScope();
        var (frames, patches, width) = (x.shape[0], x.shape[1], x.shape[2]);
        var headSize = width / _heads;
        Tensor Heads(Linear projection) => projection.Forward(x).view(frames, patches, _heads, headSize).transpose(1, 2);
        var mixed = Attention.Forward(Heads(_query), Heads(_key), Heads(_value), causal: false, Math.Pow(headSize, -0.5));
        return _output.Forward(mixed.transpose(1, 2).reshape(frames, patches, width)).MoveToOuterDisposeScope();
    }

    private Tensor FeedForward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return _fc2.Forward(Activations.GeluTanh(_fc1.Forward(x))).MoveToOuterDisposeScope();
    }
}
