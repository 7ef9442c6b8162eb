namespace TorchSharp;

/// <summary>Where a tensor lives. Numbers are libtorch's.</summary>
public enum DeviceType
{
    /// <summary>Main memory.</summary>
    CPU = 0,

    /// <summary>A CUDA GPU.</summary>
    CUDA = 1,

    /// <summary>Shapes without values: shows which tensors meet, on a machine that has one device.</summary>
    META = 14,
}

public static partial class torch
{
    /// <summary>Element types. Numbers are libtorch's.</summary>
    public enum ScalarType : sbyte
    {
        /// <summary>8-bit unsigned.</summary>
        Byte = 0,

        /// <summary>8-bit signed.</summary>
        Int8 = 1,

        /// <summary>16-bit signed.</summary>
        Int16 = 2,

        /// <summary>32-bit signed.</summary>
        Int32 = 3,

        /// <summary>64-bit signed.</summary>
        Int64 = 4,

        /// <summary>IEEE half precision.</summary>
        Float16 = 5,

        /// <summary>IEEE single precision.</summary>
        Float32 = 6,

        /// <summary>IEEE double precision.</summary>
        Float64 = 7,

        /// <summary>One byte per truth value.</summary>
        Bool = 11,

        /// <summary>The upper half of a float32.</summary>
        BFloat16 = 15,
    }

    /// <summary>See <see cref="ScalarType.Byte"/>.</summary>
    public const ScalarType uint8 = ScalarType.Byte;

    /// <summary>See <see cref="ScalarType.Int32"/>.</summary>
    public const ScalarType int32 = ScalarType.Int32;

    /// <summary>See <see cref="ScalarType.Int64"/>.</summary>
    public const ScalarType int64 = ScalarType.Int64;

    /// <summary>See <see cref="ScalarType.Float16"/>.</summary>
    public const ScalarType float16 = ScalarType.Float16;

    /// <summary>See <see cref="ScalarType.Float32"/>.</summary>
    public const ScalarType float32 = ScalarType.Float32;

    /// <summary>See <see cref="ScalarType.Float64"/>.</summary>
    public const ScalarType float64 = ScalarType.Float64;

    /// <summary>See <see cref="ScalarType.BFloat16"/>.</summary>
    public const ScalarType bfloat16 = ScalarType.BFloat16;
}
