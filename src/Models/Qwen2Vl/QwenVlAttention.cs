using HieraVid.Models.Qwen2;
using HieraVid.Models.Vision;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Qwen2Vl;

/// <summary>Self-attention of a vision block, joint projection, rotated by place; it stays inside one grid.</summary>
internal sealed class QwenVlAttention
{
    private readonly QwenVlVisionConfig _config;
    private readonly Linear _joint, _output;

    internal QwenVlAttention(QwenVlVisionConfig config, Weights weights)
    {
        _config = config;
        _joint = weights.Linear("attn.qkv", config.HiddenSize, 3 * config.HiddenSize);
        _output = weights.Linear("attn.proj", config.HiddenSize, config.HiddenSize);
    }

    /// <summary>The attention's output.</summary>
    /// <param name="x">[steps, patches, width], normalised.</param>
    /// <param name="rotary">Angles of all patches, one grid after the other.</param>
    /// <param name="windows">Sets of patches that see each other only; null where all do.</param>
    internal Tensor Forward(Tensor x, RotaryTable rotary, VisionWindows? windows)
    {
        using var scope = NewDisposeScope();
        var (steps, patches, width) = (x.shape[0], x.shape[1], x.shape[2]);
        var (query, key, value) = Project(x, rotary);
        Tensor Attend(Tensor q, Tensor k, Tensor v) => Attention.Forward(
            q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), causal: false, Math.Pow(_config.HeadSize, -0.5)).transpose(1, 2);
        var mixed = windows is null
            ? Attend(query, key, value)
            : windows.Within(query, key, value, Attend);
        return _output.Forward(mixed.reshape(steps, patches, width)).MoveToOuterDisposeScope();
    }

    /// <summary>What the attention would look at: [steps, patches] in float32, and keys before rotation, [steps, patches, width].</summary>
    internal (Tensor Received, Tensor Keys) Watch(Tensor x, RotaryTable rotary)
    {
        using var scope = NewDisposeScope();
        var (query, key, _) = Project(x, rotary);
        var keys = _joint.Forward(x).narrow(2, _config.HiddenSize, _config.HiddenSize).contiguous();
        return (ReceivedAttention.Of(query, key).MoveToOuterDisposeScope(), keys.MoveToOuterDisposeScope());
    }

    // [steps, patches, heads, d] each; query and key rotated.
    private (Tensor Query, Tensor Key, Tensor Value) Project(Tensor x, RotaryTable rotary)
    {
        var (steps, patches) = (x.shape[0], x.shape[1]);
        var (heads, size) = (_config.HeadCount, _config.HeadSize);
        var joint = _joint.Forward(x).view(steps * patches, 3, heads, size);
        Tensor Rotated(int part) => rotary.Apply(joint.select(1, part).contiguous()).view(steps, patches, heads, size);
        return (Rotated(0), Rotated(1), joint.select(1, 2).reshape(steps, patches, heads, size));
    }
}
