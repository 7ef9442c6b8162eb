using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HieraVid.Torch.Rows;

/// <summary>A number as it lies in a tensor's memory, read and written 16 at a time as float32.</summary>
internal unsafe interface IElement<TSelf> where TSelf : unmanaged, IElement<TSelf>
{
    static abstract Vector512<float> Load(TSelf* from);

    static abstract void Store(TSelf* to, Vector512<float> values);
}

/// <summary>A float32.</summary>
internal readonly unsafe struct Wide : IElement<Wide>
{
    private readonly float _value;

    public Wide(float value) => _value = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(Wide* from) => Vector512.Load((float*)from);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Wide* to, Vector512<float> values) => values.Store((float*)to);

    public override string ToString() => $"{_value}";
}

/// <summary>A bfloat16: the upper half of a float32's bits.</summary>
internal readonly unsafe struct Narrow : IElement<Narrow>
{
    private readonly ushort _bits;

    public Narrow(ushort bits) => _bits = bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(Narrow* from)
    {
        var bits = Vector256.Load((ushort*)from);
        var wide = Avx512F.IsSupported ? Avx512F.ConvertToVector512UInt32(bits)
            : Vector512.Create(Vector256.WidenLower(bits), Vector256.WidenUpper(bits));
        return (wide << 16).AsSingle();
    }

    // Rounds to nearest even. A NaN must stay one: the carry could turn its mantissa into infinity's.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Narrow* to, Vector512<float> values)
    {
        var bits = values.AsUInt32();
        var even = (bits >>> 16) & Vector512<uint>.One;
        var rounded = (bits + Vector512.Create(0x7fffu) + even) >>> 16;
        rounded = Vector512.ConditionalSelect(Vector512.Equals(values, values).AsUInt32(), rounded, Vector512.Create(0x7fc0u));
        var halves = Avx512F.IsSupported ? Avx512F.ConvertToVector256UInt16(rounded)
            : Vector256.Narrow(rounded.GetLower(), rounded.GetUpper());
        halves.Store((ushort*)to);
    }

    public override string ToString() => $"{BitConverter.UInt32BitsToSingle((uint)_bits << 16)}";
}
