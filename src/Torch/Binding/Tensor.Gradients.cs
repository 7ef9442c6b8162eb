namespace TorchSharp;

#pragma warning disable CS1591 // Names and semantics are PyTorch's; a sentence per member would only repeat its manual.
public static partial class torch
{
    public sealed unsafe partial class Tensor
    {
        public bool requires_grad
        {
            get => Native.hv_requires_grad(Handle) != 0;
            set => Self(Native.hv_requires_grad_(Handle, value ? 1 : 0));
        }

        public Tensor requires_grad_(bool requires_grad = true) => Self(Native.hv_requires_grad_(Handle, requires_grad ? 1 : 0));

        /// <summary>Adds the gradient of this one number to every leaf it was computed from.</summary>
        public void backward() => Self(Native.hv_backward(Handle));

        /// <summary>The gradient so far, sharing its memory; null before the first <see cref="backward"/>.</summary>
        public Tensor? grad()
        {
            var result = Native.hv_grad(Handle);
            return result != IntPtr.Zero ? new Tensor(result) : null;
        }

        public Tensor detach() => Result(Native.hv_detach(Handle));
    }
}
