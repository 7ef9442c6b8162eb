using System.Runtime.CompilerServices;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>
    /// A libtorch tensor, freed by <see cref="Dispose"/> or by the dispose scope it was made in; there is no finalizer.
    /// Members carry PyTorch's names and meaning; their documentation is PyTorch's.
    /// </summary>
    public sealed unsafe partial class Tensor : IDisposable
    {
        private IntPtr _handle;
        private DisposeScope? _scope;

        internal Tensor(IntPtr handle, [CallerMemberName] string operation = "")
        {
            _handle = handle;
            _scope = DisposeScope.Current;
            _scope?.Add(this);
            Observer?.Invoke(operation, this);
        }

        /// <summary>Sees every tensor that an operation makes, on the thread that makes it.</summary>
        internal static Action<string, Tensor>? Observer { get; set; }

        /// <summary>How many tensors are alive in this process, on all threads.</summary>
        public static long TotalCount => Native.hv_live_tensors();

        /// <summary>The native handle.</summary>
        /// <exception cref="ObjectDisposedException">The tensor was freed.</exception>
        public IntPtr Handle
        {
            get
            {
                ObjectDisposedException.ThrowIf(_handle == IntPtr.Zero, this);
                return _handle;
            }
        }

        /// <summary>True once the tensor was freed.</summary>
        public bool IsInvalid => _handle == IntPtr.Zero;

        /// <summary>Frees the tensor now.</summary>
        public void Dispose()
        {
            if (_handle == IntPtr.Zero)
                return;
            Native.hv_dispose(_handle);
            _handle = IntPtr.Zero;
            _scope?.Remove(this);
            _scope = null;
        }

        /// <summary>Moves the tensor to the scope around its own.</summary>
        public Tensor MoveToOuterDisposeScope()
        {
            if (_scope is null)
                return this;
            _scope.Remove(this);
            _scope = _scope.OuterScope;
            _scope?.Add(this);
            return this;
        }

        /// <summary>Takes the tensor out of every scope: the caller frees it.</summary>
        public Tensor DetachFromDisposeScope()
        {
            _scope?.Remove(this);
            _scope = null;
            return this;
        }

        /// <summary>The sizes of the dimensions.</summary>
        public long[] shape
        {
            get
            {
                var sizes = new long[Native.hv_ndim(Handle)];
                fixed (long* p = sizes)
                    Native.hv_sizes(Handle, p);
                return sizes;
            }
        }

        /// <summary>The number of dimensions.</summary>
        public long ndim => Native.hv_ndim(Handle);

        /// <summary>The size of one dimension; negative counts from the end.</summary>
        public long size(int dim)
        {
            var sizes = shape;
            return sizes[dim < 0 ? dim + sizes.Length : dim];
        }

        /// <summary>The number of elements.</summary>
        public long NumberOfElements => Native.hv_numel(Handle);

        /// <summary>The number of elements.</summary>
        public long numel() => Native.hv_numel(Handle);

        /// <summary>Bytes per element.</summary>
        public long ElementSize => Native.hv_element_size(Handle);

        /// <summary>The element type.</summary>
        public ScalarType dtype => (ScalarType)Native.hv_dtype(Handle);

        /// <summary>The device.</summary>
        public Device device => new((DeviceType)Native.hv_device_type(Handle), Native.hv_device_index(Handle));

        /// <summary>True when rows follow each other in memory without gaps.</summary>
        public bool is_contiguous() => Native.hv_is_contiguous(Handle) != 0;

        /// <summary>The memory of a contiguous CPU tensor of at most 2 GiB. It is valid while the tensor lives.</summary>
        public Span<byte> bytes
        {
            get
            {
                if (!is_contiguous() || Native.hv_device_type(Handle) != (int)DeviceType.CPU)
                    throw new InvalidOperationException("bytes needs a contiguous tensor on the CPU.");
                return new Span<byte>((void*)Native.hv_data(Handle), checked((int)(NumberOfElements * ElementSize)));
            }
            set => value.CopyTo(bytes);
        }

        /// <summary>The value of a tensor of one element.</summary>
        public T item<T>() where T : unmanaged
        {
            double d;
            long l;
            if (Native.hv_item(Handle, &d, &l) != 0)
                throw TorchException.For(nameof(item), [this]);
            var isFloat = dtype is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64;
            if (typeof(T) == typeof(float))
                return (T)(object)(isFloat ? (float)d : l);
            if (typeof(T) == typeof(double))
                return (T)(object)(isFloat ? d : l);
            if (typeof(T) == typeof(long))
                return (T)(object)(isFloat ? (long)d : l);
            if (typeof(T) == typeof(int))
                return (T)(object)(int)(isFloat ? d : l);
            if (typeof(T) == typeof(bool))
                return (T)(object)(l != 0 || d != 0);
            throw new NotSupportedException($"item<{typeof(T).Name}>() is not bound.");
        }

        /// <inheritdoc/>
        public override string ToString() =>
            IsInvalid ? "disposed tensor" : $"{dtype}[{string.Join(", ", shape)}] on {device}";

        private Tensor Result(IntPtr handle, Tensor? other = null, [CallerMemberName] string operation = "") =>
            handle != IntPtr.Zero ? new Tensor(handle, operation) : throw TorchException.For(operation, [this, other]);

        private Tensor Self(int status, Tensor? other = null, [CallerMemberName] string operation = "") =>
            status == 0 ? this : throw TorchException.For(operation, [this, other]);
    }
}
