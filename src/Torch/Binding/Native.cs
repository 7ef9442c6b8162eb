using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace TorchSharp;

/// <summary>The C ABI of <c>native/torch</c>. A null handle or a status other than 0 means: ask <see cref="LastError"/>.</summary>
internal static unsafe partial class Native
{
    private const string Library = "hieravid_torch";

    static Native()
    {
        NativeLibrary.SetDllImportResolver(typeof(Native).Assembly, Resolve);
        hv_initialize();
    }

    private static IntPtr Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
    {
        if (name != Library)
            return IntPtr.Zero;
        var path = Path.Combine(AppContext.BaseDirectory, "libhieravid_torch.so");
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (DllNotFoundException e)
        {
            throw new DllNotFoundException(
                $"The tensor library {path} cannot be loaded ({e.Message.ReplaceLineEndings(" ")}). Run ./hieravid once: "
                + "it installs libtorch and builds the library; set LIBTORCH to use a libtorch of your own.");
        }
    }

    /// <summary>What libtorch said of the last failure on this thread, first line only (the rest is its C++ trace).</summary>
    internal static string LastError()
    {
        var pointer = hv_last_error();
        var end = pointer;
        while (*end != 0)
            end++;
        var text = Encoding.UTF8.GetString(pointer, (int)(end - pointer));
        var line = text.IndexOf('\n', StringComparison.Ordinal);
        return line < 0 ? text : text[..line];
    }

    internal static string Version() => Marshal.PtrToStringUTF8((IntPtr)hv_version()) ?? "";

    [LibraryImport(Library)] private static partial void hv_initialize();
    [LibraryImport(Library)] private static partial byte* hv_last_error();
    [LibraryImport(Library)] private static partial byte* hv_version();
    [LibraryImport(Library)] internal static partial long hv_live_tensors();
    [LibraryImport(Library)] internal static partial void hv_set_num_threads(int count);
    [LibraryImport(Library)] internal static partial int hv_get_num_threads();
    [LibraryImport(Library)] internal static partial int hv_cuda_device_count();
    [LibraryImport(Library)] internal static partial int hv_cuda_synchronize(int index);
    [LibraryImport(Library)] internal static partial int hv_grad_enabled();
    [LibraryImport(Library)] internal static partial void hv_set_grad_enabled(int enabled);
    [LibraryImport(Library)] internal static partial int hv_manual_seed(long seed);

    [LibraryImport(Library)] internal static partial void hv_dispose(IntPtr t);
    [LibraryImport(Library)] internal static partial long hv_ndim(IntPtr t);
    [LibraryImport(Library)] internal static partial void hv_sizes(IntPtr t, long* sizes);
    [LibraryImport(Library)] internal static partial long hv_numel(IntPtr t);
    [LibraryImport(Library)] internal static partial long hv_element_size(IntPtr t);
    [LibraryImport(Library)] internal static partial int hv_dtype(IntPtr t);
    [LibraryImport(Library)] internal static partial int hv_device_type(IntPtr t);
    [LibraryImport(Library)] internal static partial int hv_device_index(IntPtr t);
    [LibraryImport(Library)] internal static partial int hv_is_contiguous(IntPtr t);
    [LibraryImport(Library)] internal static partial IntPtr hv_data(IntPtr t);
    [LibraryImport(Library)] internal static partial int hv_item(IntPtr t, double* asDouble, long* asLong);

    [LibraryImport(Library)] internal static partial IntPtr hv_empty(long* sizes, int ndim, int dtype, int device, int index);
    [LibraryImport(Library)] internal static partial IntPtr hv_full(long* sizes, int ndim, double value, int dtype, int device, int index);
    [LibraryImport(Library)] internal static partial IntPtr hv_arange(double start, double stop, double step, int dtype, int device, int index);
    [LibraryImport(Library)] internal static partial IntPtr hv_rand(long* sizes, int ndim, int dtype, int device, int index);
    [LibraryImport(Library)] internal static partial IntPtr hv_randn(long* sizes, int ndim, int dtype, int device, int index);
    [LibraryImport(Library)] internal static partial IntPtr hv_to(IntPtr t, int dtype, int device, int index, int copy);
    [LibraryImport(Library)] internal static partial int hv_copy_(IntPtr t, IntPtr source);

    [LibraryImport(Library)] internal static partial IntPtr hv_contiguous(IntPtr t);
    [LibraryImport(Library)] internal static partial IntPtr hv_clone(IntPtr t);
    [LibraryImport(Library)] internal static partial IntPtr hv_exp(IntPtr t);
    [LibraryImport(Library)] internal static partial IntPtr hv_sqrt(IntPtr t);
    [LibraryImport(Library)] internal static partial IntPtr hv_rsqrt(IntPtr t);
    [LibraryImport(Library)] internal static partial IntPtr hv_cos(IntPtr t);
    [LibraryImport(Library)] internal static partial IntPtr hv_sin(IntPtr t);
    [LibraryImport(Library)] internal static partial IntPtr hv_tanh(IntPtr t);
    [LibraryImport(Library)] internal static partial IntPtr hv_sigmoid(IntPtr t);
    [LibraryImport(Library)] internal static partial IntPtr hv_abs(IntPtr t);
    [LibraryImport(Library)] internal static partial IntPtr hv_neg(IntPtr t);
    [LibraryImport(Library)] internal static partial IntPtr hv_max(IntPtr t);
    [LibraryImport(Library)] internal static partial IntPtr hv_silu(IntPtr t);
    [LibraryImport(Library)] internal static partial IntPtr hv_gelu(IntPtr t);
    [LibraryImport(Library)] internal static partial IntPtr hv_gelu_tanh(IntPtr t);

    [LibraryImport(Library)] internal static partial IntPtr hv_add(IntPtr a, IntPtr b);
    [LibraryImport(Library)] internal static partial IntPtr hv_sub(IntPtr a, IntPtr b);
    [LibraryImport(Library)] internal static partial IntPtr hv_mul(IntPtr a, IntPtr b);
    [LibraryImport(Library)] internal static partial IntPtr hv_div(IntPtr a, IntPtr b);
    [LibraryImport(Library)] internal static partial IntPtr hv_maximum(IntPtr a, IntPtr b);
    [LibraryImport(Library)] internal static partial IntPtr hv_matmul(IntPtr a, IntPtr b);
    [LibraryImport(Library)] internal static partial IntPtr hv_bmm(IntPtr a, IntPtr b);
    [LibraryImport(Library)] internal static partial IntPtr hv_add_scalar(IntPtr a, double b);
    [LibraryImport(Library)] internal static partial IntPtr hv_sub_scalar(IntPtr a, double b);
    [LibraryImport(Library)] internal static partial IntPtr hv_mul_scalar(IntPtr a, double b);
    [LibraryImport(Library)] internal static partial IntPtr hv_div_scalar(IntPtr a, double b);
    [LibraryImport(Library)] internal static partial IntPtr hv_pow_scalar(IntPtr a, double b);
    [LibraryImport(Library)] internal static partial int hv_add_(IntPtr a, IntPtr b);
    [LibraryImport(Library)] internal static partial int hv_mul_(IntPtr a, IntPtr b);
    [LibraryImport(Library)] internal static partial int hv_mul__scalar(IntPtr a, double b);

    [LibraryImport(Library)] internal static partial IntPtr hv_view(IntPtr t, long* sizes, int ndim);
    [LibraryImport(Library)] internal static partial IntPtr hv_reshape(IntPtr t, long* sizes, int ndim);
    [LibraryImport(Library)] internal static partial IntPtr hv_permute(IntPtr t, long* dims, int ndim);
    [LibraryImport(Library)] internal static partial IntPtr hv_expand(IntPtr t, long* sizes, int ndim);
    [LibraryImport(Library)] internal static partial IntPtr hv_transpose(IntPtr t, long a, long b);
    [LibraryImport(Library)] internal static partial IntPtr hv_unsqueeze(IntPtr t, long dim);
    [LibraryImport(Library)] internal static partial IntPtr hv_squeeze(IntPtr t, long dim);
    [LibraryImport(Library)] internal static partial IntPtr hv_narrow(IntPtr t, long dim, long start, long length);
    [LibraryImport(Library)] internal static partial IntPtr hv_select(IntPtr t, long dim, long index);
    [LibraryImport(Library)] internal static partial IntPtr hv_index_select(IntPtr t, long dim, IntPtr index);
    [LibraryImport(Library)] internal static partial IntPtr hv_argmax(IntPtr t, long dim, int keepdim);
    [LibraryImport(Library)] internal static partial IntPtr hv_triu(IntPtr t, long diagonal);
    [LibraryImport(Library)] internal static partial IntPtr hv_softmax(IntPtr t, long dim, int dtype);
    [LibraryImport(Library)] internal static partial IntPtr hv_sum_all(IntPtr t);
    [LibraryImport(Library)] internal static partial IntPtr hv_mean_all(IntPtr t);
    [LibraryImport(Library)] internal static partial IntPtr hv_sum(IntPtr t, long* dims, int count, int keepdim);
    [LibraryImport(Library)] internal static partial IntPtr hv_mean(IntPtr t, long* dims, int count, int keepdim);
    [LibraryImport(Library)] internal static partial IntPtr hv_cat(IntPtr* tensors, int count, long dim);
    [LibraryImport(Library)] internal static partial IntPtr hv_stack(IntPtr* tensors, int count, long dim);
    [LibraryImport(Library)] internal static partial IntPtr hv_layer_norm(IntPtr t, long* shape, int ndim, IntPtr weight, IntPtr bias, double eps);
    [LibraryImport(Library)] internal static partial IntPtr hv_linear(IntPtr x, IntPtr w, IntPtr bias);
    [LibraryImport(Library)] internal static partial int hv_fuses(IntPtr t);
    [LibraryImport(Library)] internal static partial IntPtr hv_rms_norm(IntPtr x, IntPtr weight, double epsilon);
    [LibraryImport(Library)] internal static partial IntPtr hv_rotate(IntPtr x, IntPtr cos, IntPtr sin);
    [LibraryImport(Library)] internal static partial IntPtr hv_swiglu(IntPtr gate, IntPtr up);
    [LibraryImport(Library)] internal static partial int hv_softmax_scores_(IntPtr scores, double scale, long queries, int causal);
    [LibraryImport(Library)] internal static partial int hv_parallel_for(long count, int threads, delegate* unmanaged<IntPtr, long, void> body, IntPtr state);
    [LibraryImport(Library)] internal static partial int hv_has_row_products(IntPtr x);
    [LibraryImport(Library)] internal static partial IntPtr hv_row_products(IntPtr x, IntPtr xRows, IntPtr y, IntPtr yRows);
    [LibraryImport(Library)] internal static partial int hv_has_fused_attention();
    [LibraryImport(Library)] internal static partial IntPtr hv_scaled_dot_product_attention(IntPtr q, IntPtr k, IntPtr v, IntPtr mask, int isCausal);

    [LibraryImport(Library)] internal static partial int hv_requires_grad(IntPtr t);
    [LibraryImport(Library)] internal static partial int hv_requires_grad_(IntPtr t, int on);
    [LibraryImport(Library)] internal static partial int hv_backward(IntPtr t);
    [LibraryImport(Library)] internal static partial IntPtr hv_grad(IntPtr t);
    [LibraryImport(Library)] internal static partial IntPtr hv_detach(IntPtr t);
    [LibraryImport(Library)] internal static partial IntPtr hv_cross_entropy(IntPtr input, IntPtr target);
    [LibraryImport(Library)] internal static partial void hv_keep_memory(long bytes);
    [LibraryImport(Library)] internal static partial int hv_trains(IntPtr t);
    [LibraryImport(Library)] internal static partial IntPtr hv_train_rms_norm(IntPtr x, IntPtr weight, double epsilon);
    [LibraryImport(Library)] internal static partial IntPtr hv_train_rotate(IntPtr x, IntPtr cos, IntPtr sin);
    [LibraryImport(Library)] internal static partial IntPtr hv_train_swiglu(IntPtr gate, IntPtr up);
    [LibraryImport(Library)] internal static partial IntPtr hv_train_gelu_tanh(IntPtr x);
    [LibraryImport(Library)] internal static partial IntPtr hv_train_attention(IntPtr q, IntPtr k, IntPtr v, IntPtr spans, double scale);
}
