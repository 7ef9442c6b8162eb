using HieraVid.Models.Configuration;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Qwen2;

/// <summary>One decoder layer, cut in two where tokens may be dropped: attention with its residual, then feed-forward.</summary>
internal sealed class Qwen2Layer
{
    private readonly Qwen2Config _config;
    private readonly int _index;
    private readonly Tensor _inputNorm, _postNorm;
    private readonly Linear _query, _key, _value, _output, _gate, _up, _down;

    internal Qwen2Layer(Qwen2Config config, int index, Weights weights)
    {
        var (hidden, wide) = (config.HiddenSize, config.IntermediateSize);
        var narrow = config.KeyValueHeadCount * config.HeadSize;
        (_config, _index) = (config, index);
        _inputNorm = weights.Load("input_layernorm.weight", hidden);
        _query = weights.DecoderLinear("self_attn.q_proj", hidden, hidden);
        _key = weights.DecoderLinear("self_attn.k_proj", hidden, narrow);
        _value = weights.DecoderLinear("self_attn.v_proj", hidden, narrow);
        _output = weights.DecoderLinear("self_attn.o_proj", hidden, hidden, bias: false);
        _postNorm = weights.Load("post_attention_layernorm.weight", hidden);
        _gate = weights.DecoderLinear("mlp.gate_proj", hidden, wide, bias: false);
        _up = weights.DecoderLinear("mlp.up_proj", hidden, wide, bias: false);
        _down = weights.DecoderLinear("mlp.down_proj", wide, hidden, bias: false);
    }

    /// <summary>x + o(attention(norm(x))); adds the tokens' keys and values to the cache.</summary>
    /// <param name="x">[T, hidden].</param>
    /// <param name="rotary">The tokens' angles.</param>
    /// <param name="cache">Receives keys and values.</param>
    /// <param name="askers">How many of the last tokens' attention is to be given, as its mean [heads, length] in float32; 0 for none.</param>
    /// <param name="window">Which keys the queries see; null for all earlier ones.</param>
    internal (Tensor Hidden, Tensor? Asked) Attend(
        Tensor x, RotaryTable rotary, KeyValueCache cache, int askers, KeyWindow? window = null)
    {
        using var scope = NewDisposeScope();
        var (tokens, hidden) = (x.shape[0], x.shape[1]);
        var (heads, kvHeads, size) = (_config.HeadCount, _config.KeyValueHeadCount, _config.HeadSize);
        var normed = Activations.RmsNorm(x, _inputNorm, _config.RmsNormEpsilon);
        var query = rotary.Apply(_query.Forward(normed).view(tokens, heads, size)).transpose(0, 1);
        var key = rotary.Apply(_key.Forward(normed).view(tokens, kvHeads, size)).transpose(0, 1);
        var value = _value.Forward(normed).view(tokens, kvHeads, size).transpose(0, 1);
        cache.Append(_index, key, value);
        var scale = Math.Pow(size, -0.5);
        var (keys, values) = (cache.Keys(_index), cache.Values(_index));
        var (q, k, v) = (query.unsqueeze(0), keys.unsqueeze(0), values.unsqueeze(0));
        var mixed = window is { } seen && tokens == keys.shape[1]
            ? WindowedAttention.Forward(q, k, v, seen.Initial, seen.Local, scale)
            : Attention.Forward(q, k, v, causal: true, scale);
        var result = _output.Forward(mixed.squeeze(0).transpose(0, 1).reshape(tokens, hidden));
        result.add_(x);
        var asked = askers == 0 ? null : Attention.MeanRow(query.narrow(1, tokens - askers, askers), keys, scale);
        return (result.MoveToOuterDisposeScope(), asked?.MoveToOuterDisposeScope());
    }

    /// <summary>x + down(silu(gate(norm(x))) · up(norm(x))).</summary>
    /// <param name="x">[T, hidden].</param>
    internal Tensor FeedForward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var normed = Activations.RmsNorm(x, _postNorm, _config.RmsNormEpsilon);
        var result = _down.Forward(Activations.SwiGlu(_gate.Forward(normed), _up.Forward(normed)));
        return result.add_(x).MoveToOuterDisposeScope();
    }
}
