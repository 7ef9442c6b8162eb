namespace TorchSharp;

#pragma warning disable CS1591 // Names and semantics are PyTorch's; a sentence per member would only repeat its manual.
/// <summary>
/// The part of TorchSharp's <c>torch</c> that HieraVid uses, over the system's libtorch. Same names, same meaning, so that the
/// sources compile against the TorchSharp package too (<c>-p:Torch=TorchSharp</c>).
/// </summary>
public static unsafe partial class torch
{
    /// <summary>libtorch's version, for example 1.13.1.</summary>
    public static string __version__ => Native.Version();

    public static DisposeScope NewDisposeScope() => new();

    public static void set_num_threads(int num) => Native.hv_set_num_threads(num);

    public static int get_num_threads() => Native.hv_get_num_threads();

    /// <summary>Switches gradient recording off on this thread until the result is disposed.</summary>
    public static IDisposable no_grad() => new GradMode();

    public static void manual_seed(long seed)
    {
        if (Native.hv_manual_seed(seed) != 0)
            throw TorchException.For(nameof(manual_seed), []);
    }

    public static Tensor empty(long[] size, ScalarType? dtype = null, Device? device = null)
    {
        fixed (long* p = size)
            return Made(Native.hv_empty(p, size.Length, Type(dtype), Kind(device), Index(device)), nameof(empty), size);
    }

    public static Tensor full(long[] size, Scalar value, ScalarType? dtype = null, Device? device = null)
    {
        fixed (long* p = size)
            return Made(Native.hv_full(p, size.Length, value.Value, Type(dtype), Kind(device), Index(device)), nameof(full), size);
    }

    public static Tensor zeros(long[] size, ScalarType? dtype = null, Device? device = null) => full(size, 0, dtype, device);

    public static Tensor ones(long[] size, ScalarType? dtype = null, Device? device = null) => full(size, 1, dtype, device);

    public static Tensor rand(long[] size, ScalarType? dtype = null, Device? device = null)
    {
        fixed (long* p = size)
            return Made(Native.hv_rand(p, size.Length, Type(dtype), Kind(device), Index(device)), nameof(rand), size);
    }

    public static Tensor randn(long[] size, ScalarType? dtype = null, Device? device = null)
    {
        fixed (long* p = size)
            return Made(Native.hv_randn(p, size.Length, Type(dtype), Kind(device), Index(device)), nameof(randn), size);
    }

    /// <summary>start, start+step, … below stop. Unlike TorchSharp's the default type is float32 only where asked for.</summary>
    public static Tensor arange(Scalar start, Scalar stop, Scalar step, ScalarType? dtype = null, Device? device = null) =>
        Made(Native.hv_arange(start.Value, stop.Value, step.Value, Type(dtype), Kind(device), Index(device)), nameof(arange), []);

    public static Tensor cat(IList<Tensor> tensors, long dim = 0) => Joined(tensors, dim, Native.hv_cat, nameof(cat));

    public static Tensor stack(IList<Tensor> tensors, long dim = 0) => Joined(tensors, dim, Native.hv_stack, nameof(stack));

    private delegate IntPtr Join(IntPtr* tensors, int count, long dim);

    private static Tensor Joined(IList<Tensor> tensors, long dim, Join join, string operation)
    {
        var handles = new IntPtr[tensors.Count];
        for (var i = 0; i < handles.Length; i++)
            handles[i] = tensors[i].Handle;
        fixed (IntPtr* p = handles)
        {
            var result = join(p, handles.Length, dim);
            return result != IntPtr.Zero ? new Tensor(result, operation) : throw TorchException.For(operation, tensors.ToArray());
        }
    }

    private static Tensor Made(IntPtr handle, string operation, long[] size) => handle != IntPtr.Zero
        ? new Tensor(handle, operation)
        : throw new TorchException($"{operation}([{string.Join(", ", size)}]) failed: {Native.LastError()}");

    private static int Type(ScalarType? dtype) => (int)(dtype ?? ScalarType.Float32);

    private static int Kind(Device? device) => (int)(device?.type ?? DeviceType.CPU);

    private static int Index(Device? device) => device?.index ?? -1;

    private sealed class GradMode : IDisposable
    {
        private readonly int _before = Native.hv_grad_enabled();

        internal GradMode() => Native.hv_set_grad_enabled(0);

        public void Dispose() => Native.hv_set_grad_enabled(_before);
    }

    public static class nn
    {
        public static class functional
        {
            public static Tensor linear(Tensor input, Tensor weights, Tensor? bias = null)
            {
                var result = Native.hv_linear(input.Handle, weights.Handle, bias?.Handle ?? IntPtr.Zero);
                return result != IntPtr.Zero
                    ? new Tensor(result)
                    : throw TorchException.For(nameof(linear), [input, weights, bias]);
            }

            public static Tensor layer_norm(
                Tensor input, long[] normalized_shape, Tensor? weight = null, Tensor? bias = null, double eps = 1e-5)
            {
                fixed (long* p = normalized_shape)
                {
                    var result = Native.hv_layer_norm(
                        input.Handle, p, normalized_shape.Length, weight?.Handle ?? IntPtr.Zero, bias?.Handle ?? IntPtr.Zero, eps);
                    return result != IntPtr.Zero
                        ? new Tensor(result)
                        : throw TorchException.For(nameof(layer_norm), [input, weight, bias]);
                }
            }

            public static Tensor softmax(Tensor input, long dim, ScalarType? dtype = null) => input.softmax(dim, dtype);

            /// <summary>The mean over the rows of −log softmax(input)[target].</summary>
            public static Tensor cross_entropy(Tensor input, Tensor target)
            {
                var result = Native.hv_cross_entropy(input.Handle, target.Handle);
                return result != IntPtr.Zero
                    ? new Tensor(result)
                    : throw TorchException.For(nameof(cross_entropy), [input, target]);
            }
        }
    }
}
