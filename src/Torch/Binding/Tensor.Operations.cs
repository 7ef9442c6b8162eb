namespace TorchSharp;

#pragma warning disable CS1591 // Names and semantics are PyTorch's; a sentence per member would only repeat its manual.
public static partial class torch
{
    public sealed unsafe partial class Tensor
    {
        public Tensor to(ScalarType type) => to(type, device);
        public Tensor to(Device device, bool copy = false) => to(dtype, device, copy);

        public Tensor to(ScalarType type, Device device, bool copy = false) =>
            Result(Native.hv_to(Handle, (int)type, (int)device.type, device.index, copy ? 1 : 0));

        public Tensor cpu() => to(CPU);
        public Tensor copy_(Tensor source) => Self(Native.hv_copy_(Handle, source.Handle), source);

        public Tensor contiguous() => Result(Native.hv_contiguous(Handle));
        public Tensor clone() => Result(Native.hv_clone(Handle));
        public Tensor exp() => Result(Native.hv_exp(Handle));
        public Tensor sqrt() => Result(Native.hv_sqrt(Handle));
        public Tensor rsqrt() => Result(Native.hv_rsqrt(Handle));
        public Tensor cos() => Result(Native.hv_cos(Handle));
        public Tensor sin() => Result(Native.hv_sin(Handle));
        public Tensor tanh() => Result(Native.hv_tanh(Handle));
        public Tensor sigmoid() => Result(Native.hv_sigmoid(Handle));
        public Tensor silu() => Result(Native.hv_silu(Handle));

        /// <summary>The exact (erf) GELU.</summary>
        public Tensor gelu() => Result(Native.hv_gelu(Handle));
        public Tensor abs() => Result(Native.hv_abs(Handle));
        public Tensor neg() => Result(Native.hv_neg(Handle));
        public Tensor max() => Result(Native.hv_max(Handle));

        public Tensor add(Tensor other) => Result(Native.hv_add(Handle, other.Handle), other);
        public Tensor sub(Tensor other) => Result(Native.hv_sub(Handle, other.Handle), other);
        public Tensor mul(Tensor other) => Result(Native.hv_mul(Handle, other.Handle), other);
        public Tensor div(Tensor other) => Result(Native.hv_div(Handle, other.Handle), other);
        public Tensor maximum(Tensor other) => Result(Native.hv_maximum(Handle, other.Handle), other);
        public Tensor matmul(Tensor other) => Result(Native.hv_matmul(Handle, other.Handle), other);
        public Tensor bmm(Tensor other) => Result(Native.hv_bmm(Handle, other.Handle), other);
        public Tensor add(Scalar other) => Result(Native.hv_add_scalar(Handle, other.Value));
        public Tensor sub(Scalar other) => Result(Native.hv_sub_scalar(Handle, other.Value));
        public Tensor mul(Scalar other) => Result(Native.hv_mul_scalar(Handle, other.Value));
        public Tensor div(Scalar other) => Result(Native.hv_div_scalar(Handle, other.Value));
        public Tensor pow(Scalar exponent) => Result(Native.hv_pow_scalar(Handle, exponent.Value));
        public Tensor add_(Tensor other) => Self(Native.hv_add_(Handle, other.Handle), other);
        public Tensor mul_(Tensor other) => Self(Native.hv_mul_(Handle, other.Handle), other);
        public Tensor mul_(Scalar other) => Self(Native.hv_mul__scalar(Handle, other.Value));

        public static Tensor operator +(Tensor left, Tensor right) => left.add(right);
        public static Tensor operator -(Tensor left, Tensor right) => left.sub(right);
        public static Tensor operator *(Tensor left, Tensor right) => left.mul(right);
        public static Tensor operator /(Tensor left, Tensor right) => left.div(right);
        public static Tensor operator +(Tensor left, Scalar right) => left.add(right);
        public static Tensor operator -(Tensor left, Scalar right) => left.sub(right);
        public static Tensor operator *(Tensor left, Scalar right) => left.mul(right);
        public static Tensor operator /(Tensor left, Scalar right) => left.div(right);
        public static Tensor operator -(Tensor value) => value.neg();

        public Tensor view(params long[] shape)
        {
            fixed (long* p = shape)
                return Result(Native.hv_view(Handle, p, shape.Length));
        }

        public Tensor reshape(params long[] shape)
        {
            fixed (long* p = shape)
                return Result(Native.hv_reshape(Handle, p, shape.Length));
        }

        public Tensor permute(params long[] permutation)
        {
            fixed (long* p = permutation)
                return Result(Native.hv_permute(Handle, p, permutation.Length));
        }

        public Tensor expand(params long[] sizes)
        {
            fixed (long* p = sizes)
                return Result(Native.hv_expand(Handle, p, sizes.Length));
        }

        public Tensor transpose(long dim0, long dim1) => Result(Native.hv_transpose(Handle, dim0, dim1));
        public Tensor unsqueeze(long dim) => Result(Native.hv_unsqueeze(Handle, dim));
        public Tensor squeeze(long dim) => Result(Native.hv_squeeze(Handle, dim));
        public Tensor narrow(long dim, long start, long length) => Result(Native.hv_narrow(Handle, dim, start, length));
        public Tensor select(long dim, long index) => Result(Native.hv_select(Handle, dim, index));
        public Tensor index_select(long dim, Tensor index) => Result(Native.hv_index_select(Handle, dim, index.Handle), index);
        public Tensor argmax(long dim, bool keepdim = false) => Result(Native.hv_argmax(Handle, dim, keepdim ? 1 : 0));
        public Tensor triu(long diagonal = 0) => Result(Native.hv_triu(Handle, diagonal));

        public Tensor softmax(long dim, ScalarType? dtype = null) =>
            Result(Native.hv_softmax(Handle, dim, dtype is null ? -1 : (int)dtype));

        public Tensor sum() => Result(Native.hv_sum_all(Handle));
        public Tensor mean() => Result(Native.hv_mean_all(Handle));

        public Tensor sum(long[] dim, bool keepdim = false)
        {
            fixed (long* p = dim)
                return Result(Native.hv_sum(Handle, p, dim.Length, keepdim ? 1 : 0));
        }

        public Tensor mean(long[] dimensions, bool keepdim = false)
        {
            fixed (long* p = dimensions)
                return Result(Native.hv_mean(Handle, p, dimensions.Length, keepdim ? 1 : 0));
        }

    }
}
