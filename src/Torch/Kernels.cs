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

    private static Tensor Made(IntPtr handle, Tensor[] operands, string operation) =>
        handle != IntPtr.Zero ? new Tensor(handle) : throw TorchException.For(operation, operands);
#endif
}
