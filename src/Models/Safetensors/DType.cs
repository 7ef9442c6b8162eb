namespace HieraVid.Models.Safetensors;

/// <summary>The element types of the safetensors format that occupy whole bytes.</summary>
public enum DType
{
    /// <summary>One byte, 0 or 1.</summary>
    Bool,

    /// <summary>Unsigned, 1 byte.</summary>
    U8,

    /// <summary>Signed, 1 byte.</summary>
    I8,

    /// <summary>8-bit float with 5 exponent and 2 mantissa bits.</summary>
    F8E5M2,

    /// <summary>8-bit float with 4 exponent and 3 mantissa bits.</summary>
    F8E4M3,

    /// <summary>Signed, 2 bytes.</summary>
    I16,

    /// <summary>Unsigned, 2 bytes.</summary>
    U16,

    /// <summary>IEEE half precision.</summary>
    F16,

    /// <summary>The upper two bytes of an IEEE single.</summary>
    BF16,

    /// <summary>Signed, 4 bytes.</summary>
    I32,

    /// <summary>Unsigned, 4 bytes.</summary>
    U32,

    /// <summary>IEEE single precision.</summary>
    F32,

    /// <summary>IEEE double precision.</summary>
    F64,

    /// <summary>Signed, 8 bytes.</summary>
    I64,

    /// <summary>Unsigned, 8 bytes.</summary>
    U64,
}
