using System.Buffers.Binary;
using System.Buffers.Text;

namespace HieraVid.Client.Reporting;

/// <summary>
/// An array as text: little-endian in base64url. A figure per token takes 3 characters where JSON takes 8, and the
/// alphabet of base64url has no character that JSON or HTML would escape. The page's data.js reads it back.
/// </summary>
/// <param name="Type"><c>f2</c> (half precision), <c>i1</c>, <c>i2</c> or <c>i4</c>.</param>
/// <param name="Base64">The bytes.</param>
internal sealed record PackedNumbers(string Type, string Base64)
{
    /// <summary>Real numbers to 3 digits, as many as a reader can use; NaN stays NaN.</summary>
    internal static PackedNumbers Reals(IReadOnlyList<float> values)
    {
        var bytes = new byte[values.Count * 2];
        for (var i = 0; i < values.Count; i++)
            BinaryPrimitives.WriteHalfLittleEndian(bytes.AsSpan(i * 2), (Half)values[i]);
        return new PackedNumbers("f2", Base64Url.EncodeToString(bytes));
    }

    /// <summary>Whole numbers in as few bytes as the largest needs.</summary>
    internal static PackedNumbers Integers(IReadOnlyList<int> values)
    {
        var (low, high) = values.Count == 0 ? (0, 0) : (values.Min(), values.Max());
        var size = low >= sbyte.MinValue && high <= sbyte.MaxValue ? 1 : low >= short.MinValue && high <= short.MaxValue ? 2 : 4;
        var bytes = new byte[values.Count * size];
        for (var i = 0; i < values.Count; i++)
        {
            var at = bytes.AsSpan(i * size);
            if (size == 1)
                at[0] = (byte)values[i];
            else if (size == 2)
                BinaryPrimitives.WriteInt16LittleEndian(at, (short)values[i]);
            else
                BinaryPrimitives.WriteInt32LittleEndian(at, values[i]);
        }
        return new PackedNumbers($"i{size}", Base64Url.EncodeToString(bytes));
    }
}
