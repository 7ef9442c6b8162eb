#if !TORCHSHARP
using TorchSharp;
#endif
using static TorchSharp.torch;

namespace HieraVid.Torch;

/// <summary>What one tensor library has and the other lacks. Everything else compiles against both.</summary>
internal static class Kernels
{
#if TORCHSHARP
#if TORCHSHARP_FUSED_ATTENTION
    internal static bool HasFusedAttention => true;

    internal static Tensor FusedAttention(Tensor q, Tensor k, Tensor v, bool causal) =>
        nn.functional.scaled_dot_product_attention(q, k, v, is_casual: causal);
#else
    internal static bool HasFusedAttention => false;

    internal static Tensor FusedAttention(Tensor q, Tensor k, Tensor v, bool causal) =>
        throw new NotSupportedException("This TorchSharp has no fused attention.");
#endif
#else
    internal static bool HasFusedAttention { get; } = Native.hv_has_fused_attention() != 0;

    internal static Tensor FusedAttention(Tensor q, Tensor k, Tensor v, bool causal) =>
        Made(Native.hv_scaled_dot_product_attention(q.Handle, k.Handle, v.Handle, IntPtr.Zero, causal ? 1 : 0), [q, k, v], "attention");

    internal static Tensor GeluTanh(Tensor x) => Made(Native.hv_gelu_tanh(x.Handle), [x], "gelu_tanh");

    /// <summary>Whether the one-pass kernels take this tensor: float32 or bfloat16 on the CPU.</summary>
    internal static bool Fuses(Tensor x) => Native.hv_fuses(x.Handle) != 0;

    internal static Tensor RmsNorm(Tensor x, Tensor weight, double epsilon) =>
        Made(Native.hv_rms_norm(x.Handle, weight.Handle, epsilon), [x, weight], "rms_norm");

    internal static Tensor Rotate(Tensor x, Tensor cos, Tensor sin) =>
        Made(Native.hv_rotate(x.Handle, cos.Handle, sin.Handle), [x, cos, sin], "rotate");

    internal static Tensor SwiGlu(Tensor gate, Tensor up) => Made(Native.hv_swiglu(gate.Handle, up.Handle), [gate, up], "swiglu");

    internal static void SoftmaxScores(Tensor scores, double scale, long queries, bool causal)
    {
        if (Native.hv_softmax_scores_(scores.Handle, scale, queries, causal ? 1 : 0) != 0)
            throw TorchException.For("softmax_scores", [scores]);
    }

    internal static bool HasRowProducts(Tensor x) => Native.hv_has_row_products(x.Handle) != 0;

    internal static Tensor RowProducts(Tensor x, Tensor? xRows, Tensor y, Tensor? yRows) => Made(
        Native.hv_row_products(x.Handle, xRows?.Handle ?? IntPtr.Zero, y.Handle, yRows?.Handle ?? IntPtr.Zero), [x, y], "row_products");

    /// <summary>Whether the one-pass kernels with gradients take this tensor: float32 or bfloat16 on the CPU.</summary>
    internal static bool Trains(Tensor x) => Native.hv_trains(x.Handle) != 0;

    internal static Tensor TrainRmsNorm(Tensor x, Tensor weight, double epsilon) =>
        Made(Native.hv_train_rms_norm(x.Handle, weight.Handle, epsilon), [x, weight], "rms_norm");

    internal static Tensor TrainRotate(Tensor x, Tensor cos, Tensor sin) =>
        Made(Native.hv_train_rotate(x.Handle, cos.Handle, sin.Handle), [x, cos, sin], "rotate");

    internal static Tensor TrainSwiGlu(Tensor gate, Tensor up) =>
        Made(Native.hv_train_swiglu(gate.Handle, up.Handle), [gate, up], "swiglu");

    internal static Tensor TrainGeluTanh(Tensor x) => Made(Native.hv_train_gelu_tanh(x.Handle), [x], "gelu_tanh");

    internal static Tensor TrainAttention(Tensor q, Tensor k, Tensor v, Tensor? spans, double scale) => Made(
        Native.hv_train_attention(q.Handle, k.Handle, v.Handle, spans?.Handle ?? IntPtr.Zero, scale), [q, k, v], "attention");

    private static Tensor Made(IntPtr handle, Tensor[] operands, string operation) =>
        handle != IntPtr.Zero ? new Tensor(handle) : throw TorchException.For(operation, operands);
#endif
}
