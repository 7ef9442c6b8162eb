namespace HieraVid.Models.Safetensors;

/// <summary>Facts about <see cref="DType"/>: the name in a file's header and the size of an element.</summary>
public static class DTypes
{
    private static readonly (DType DType, string Name, int Size, Type[] Managed)[] Facts =
    [
        (DType.Bool, "BOOL", 1, [typeof(bool), typeof(byte)]),
        (DType.U8, "U8", 1, [typeof(byte)]),
        (DType.I8, "I8", 1, [typeof(sbyte)]),
        (DType.F8E5M2, "F8_E5M2", 1, [typeof(byte)]),
        (DType.F8E4M3, "F8_E4M3", 1, [typeof(byte)]),
        (DType.I16, "I16", 2, [typeof(short)]),
        (DType.U16, "U16", 2, [typeof(ushort)]),
        (DType.F16, "F16", 2, [typeof(Half), typeof(ushort)]),
        (DType.BF16, "BF16", 2, [typeof(ushort)]),
        (DType.I32, "I32", 4, [typeof(int)]),
        (DType.U32, "U32", 4, [typeof(uint)]),
        (DType.F32, "F32", 4, [typeof(float)]),
        (DType.F64, "F64", 8, [typeof(double)]),
        (DType.I64, "I64", 8, [typeof(long)]),
        (DType.U64, "U64", 8, [typeof(ulong)]),
    ];

    /// <summary>All names that a header may use, for messages.</summary>
    internal static string Names => string.Join(", ", Facts.Select(fact => fact.Name));

    /// <summary>Bytes per element.</summary>
    public static int SizeOf(this DType dtype) => Facts[(int)dtype].Size;

    /// <summary>The name in a file's header, such as "BF16".</summary>
    public static string HeaderName(this DType dtype) => Facts[(int)dtype].Name;

    /// <summary>The type with that header name, or null if the format's whole-byte types have none.</summary>
    public static DType? Parse(string headerName)
    {
        foreach (var fact in Facts)
            if (fact.Name == headerName)
                return fact.DType;
        return null;
    }

    /// <summary>Whether a <typeparamref name="T"/> has an element's size and meaning, or its raw bits.</summary>
    internal static bool ReadsAs<T>(this DType dtype) => Facts[(int)dtype].Managed.Contains(typeof(T));
}
