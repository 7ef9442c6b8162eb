using TorchSharp;
using static TorchSharp.torch;

namespace HieraVid.Torch.Rows;

/// <summary>The row loops over whole tensors: shapes are checked, rows shared out among the threads.</summary>
internal static unsafe class OnePass
{
    // Elements worth a thread's waking.
    private const long Grain = 1 << 14;

    // A thread that another program holds up keeps little from the others.
    private const int PiecesPerThread = 4;

    /// <summary>Whether the loops take this tensor: float32 or bfloat16 on the CPU, of which no gradient is wanted.</summary>
    internal static bool Takes(Tensor x) =>
        x.device_type == DeviceType.CPU && x.dtype is ScalarType.Float32 or ScalarType.BFloat16 && !(x.requires_grad && is_grad_enabled());

    /// <summary>See <see cref="Activations.RmsNorm"/>.</summary>
    internal static Tensor RmsNorm(Tensor input, Tensor weight, double epsilon)
    {
        var width = input.size(-1);
        if (weight.dim() != 1 || weight.size(0) != width || weight.dtype != input.dtype)
            throw Unfit("RMS norm", input, weight);
        return input.dtype == ScalarType.Float32 ? Norm<Wide>(input, weight, width, epsilon) : Norm<Narrow>(input, weight, width, epsilon);
    }

    /// <summary>See <see cref="Activations.Rotate"/>.</summary>
    internal static Tensor Rotate(Tensor input, Tensor cos, Tensor sin)
    {
        var (tokens, half) = (input.size(0), input.size(2) / 2);
        if (input.dim() != 3 || input.size(2) % 2 != 0 || cos.numel() != tokens * half || sin.numel() != tokens * half
            || cos.dtype != ScalarType.Float32 || sin.dtype != ScalarType.Float32)
            throw Unfit("rotation", input, cos, sin);
        return input.dtype == ScalarType.Float32 ? Turn<Wide>(input, cos, sin, half) : Turn<Narrow>(input, cos, sin, half);
    }

    /// <summary>See <see cref="Activations.SwiGlu"/>.</summary>
    internal static Tensor SwiGlu(Tensor gate, Tensor up)
    {
        if (gate.dtype != up.dtype || !gate.shape.AsSpan().SequenceEqual(up.shape))
            throw Unfit("SwiGLU", gate, up);
        return gate.dtype == ScalarType.Float32 ? Gated<Wide>(gate, up) : Gated<Narrow>(gate, up);
    }

    /// <summary>See <see cref="Activations.GeluTanh"/>.</summary>
    internal static Tensor GeluTanh(Tensor x) => x.dtype == ScalarType.Float32 ? Gelu<Wide>(x) : Gelu<Narrow>(x);

    /// <summary>
    /// The softmax of attention scores in place, scaled and, where asked for, causal. libtorch needs a product, a mask and a
    /// softmax for it.
    /// </summary>
    /// <param name="scores">[…, queries, keys], contiguous.</param>
    /// <param name="scale">Above 0.</param>
    /// <param name="queries">Row r is that of query r mod queries of the last so many of the positions.</param>
    /// <param name="causal">Whether a query sees no later key.</param>
    internal static void Softmax(Tensor scores, double scale, long queries, bool causal)
    {
        var keys = scores.size(-1);
        if (!scores.is_contiguous() || scale <= 0 || (causal && keys < queries))
            throw Unfit("softmax of scores", scores);
        if (scores.dtype == ScalarType.Float32)
            Shares<Wide>(scores, keys, scale, queries, causal);
        else
            Shares<Narrow>(scores, keys, scale, queries, causal);
    }

    /// <summary>x·Wᵀ + b of few rows, summed in float32; see <see cref="Products"/>.</summary>
    /// <param name="x">[…, inputs] in bfloat16.</param>
    /// <param name="weight">[outputs, inputs] in bfloat16, contiguous.</param>
    /// <param name="bias">[outputs], or null.</param>
    internal static Tensor Linear(Tensor x, Tensor weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        var (outputs, inputs) = (weight.size(0), weight.size(1));
        if (bias is not null && bias.numel() != outputs)
            throw Unfit("linear", x, weight, bias);
        var (wide, addend) = (x.to(ScalarType.Float32).contiguous(), bias?.to(ScalarType.Float32).contiguous());
        var rows = wide.numel() / inputs;
        var sizes = x.shape;
        sizes[^1] = outputs;
        var result = empty(sizes, ScalarType.Float32);
        float* from = (float*)Of(wide);
        Narrow* w = (Narrow*)Of(weight);
        float* b = addend is null ? null : (float*)Of(addend), to = (float*)Of(result);
        Share(outputs, rows * inputs, (first, last) => RowLoops.Dots(from, w, b, to, rows, inputs, outputs, first, last));
        return result.to(x.dtype).MoveToOuterDisposeScope();
    }

    private static Tensor Norm<T>(Tensor input, Tensor weight, long width, double epsilon) where T : unmanaged, IElement<T>
    {
        using var scope = NewDisposeScope();
        var (x, w) = (input.contiguous(), weight.contiguous());
        var result = empty_like(x);
        T* from = (T*)Of(x), by = (T*)Of(w), to = (T*)Of(result);
        Share(width == 0 ? 0 : x.numel() / width, width, (first, last) =>
        {
            for (var r = first; r < last; r++)
                RowLoops.RmsNorm(from + r * width, by, to + r * width, width, (float)epsilon);
        });
        return result.MoveToOuterDisposeScope();
    }

    private static Tensor Turn<T>(Tensor input, Tensor cos, Tensor sin, long half) where T : unmanaged, IElement<T>
    {
        using var scope = NewDisposeScope();
        var (x, c, s) = (input.contiguous(), cos.contiguous(), sin.contiguous());
        var heads = x.size(1);
        var result = empty_like(x);
        T* from = (T*)Of(x);
        float* cosines = (float*)Of(c), sines = (float*)Of(s);
        T* to = (T*)Of(result);
        Share(x.size(0), heads * 2 * half, (first, last) =>
        {
            for (var t = first; t < last; t++)
                for (var h = t * heads; h < (t + 1) * heads; h++)
                    RowLoops.Rotate(from + h * 2 * half, cosines + t * half, sines + t * half, to + h * 2 * half, half);
        });
        return result.MoveToOuterDisposeScope();
    }

    private static Tensor Gated<T>(Tensor gate, Tensor up) where T : unmanaged, IElement<T>
    {
        using var scope = NewDisposeScope();
        var (g, u) = (gate.contiguous(), up.contiguous());
        var result = empty_like(g);
        T* left = (T*)Of(g), right = (T*)Of(u), to = (T*)Of(result);
        Share(g.numel(), 1, (first, last) => RowLoops.SwiGlu(left + first, right + first, to + first, last - first));
        return result.MoveToOuterDisposeScope();
    }

    private static Tensor Gelu<T>(Tensor input) where T : unmanaged, IElement<T>
    {
        using var scope = NewDisposeScope();
        var x = input.contiguous();
        var result = empty_like(x);
        T* from = (T*)Of(x), to = (T*)Of(result);
        Share(x.numel(), 1, (first, last) => RowLoops.GeluTanh(from + first, to + first, last - first));
        return result.MoveToOuterDisposeScope();
    }

    private static void Shares<T>(Tensor scores, long keys, double scale, long queries, bool causal) where T : unmanaged, IElement<T>
    {
        var at = (T*)Of(scores);
        Share(keys == 0 ? 0 : scores.numel() / keys, keys, (first, last) =>
        {
            var buffer = new float[keys];
            fixed (float* room = buffer)
            {
                for (var r = first; r < last; r++)
                    RowLoops.Softmax(at + r * keys, room, causal ? keys - queries + 1 + r % queries : keys, keys, (float)scale);
            }
        });
    }

    // Ranges of rows, whole vectors where a row is one element.
    private static void Share(long rows, long width, Action<long, long> body)
    {
        var threads = get_num_threads();
        var pieces = Math.Min(threads * PiecesPerThread, rows * Math.Max(1, width) / Grain);
        if (threads == 1 || pieces <= 1)
        {
            if (rows > 0)
                body(0, rows);
            return;
        }
        var step = (rows + pieces - 1) / pieces;
        if (width <= 1)
            step = (step + Lanes.Count - 1) / Lanes.Count * Lanes.Count;
        SharedLoop.For((int)((rows + step - 1) / step), threads, piece => body(piece * step, Math.Min(rows, (piece + 1) * step)));
    }

    private static byte* Of(Tensor tensor) => TensorMemory.Pointer(tensor);

    private static ArgumentException Unfit(string operation, params Tensor[] operands) => new(
        $"{operation} does not fit {string.Join(", ", operands.Select(operand => $"{operand.dtype}[{string.Join(", ", operand.shape)}]"))}");
}
