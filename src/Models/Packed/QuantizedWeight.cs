using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Packed;

/// <summary>
/// A matrix in 8 or 4 bits per value, with a scale for each group of a row's values: rounded here to the nearest of evenly spaced
/// values (symmetric, no calibration), or as a packed checkpoint has it. It is brought back to the compute type block by block
/// where it is multiplied.
/// </summary>
/// <param name="Codes">uint8; [outputs, inputs] for 8 bits, [outputs, inputs / 2] for 4, the row's first half in the low halves.</param>
/// <param name="Scales">[outputs, inputs / group] in the compute type.</param>
/// <param name="Bits">8 or 4.</param>
public sealed record QuantizedWeight(Tensor Codes, Tensor Scales, int Bits)
{
    // Values brought back at a time: 32 MB in bfloat16, beside the matrices of some gigabytes.
    private const long BlockValues = 16L << 20;
    private const int LongestGroup = 128;

    /// <summary>Zero points, [outputs, inputs / group] in the scales' type; null where all are the middle of the codes.</summary>
    public Tensor? Zeros { get; private init; }

    /// <summary>The input that each column is for, [inputs] int64; null where they stand in order.</summary>
    public Tensor? Order { get; private init; }

    /// <summary>All its tensors.</summary>
    internal IEnumerable<Tensor> Tensors => new[] { Codes, Scales, Zeros, Order }.OfType<Tensor>();

    private double Zero => 1 << (Bits - 1);

    /// <summary>Takes over a matrix of a packed checkpoint, code by code. Scales are brought to the compute type.</summary>
    /// <param name="matrix">The matrix.</param>
    /// <param name="bits">8 or 4.</param>
    /// <param name="compute">Where it goes, and the type of its scales.</param>
    /// <returns>Tensors in no dispose scope; null where groups are not of one size, so that they can't stand side by side.</returns>
    internal static QuantizedWeight? Of(PackedMatrix matrix, int bits, Compute compute)
    {
        var (outputs, inputs, groups) = (matrix.Outputs, matrix.Inputs, matrix.Groups);
        if (inputs % groups != 0 || matrix.GroupOf.CountBy(group => group).Any(count => count.Value != inputs / groups))
            return null;
        int[] order = [.. Enumerable.Range(0, inputs).OrderBy(i => matrix.GroupOf[i])];
        using var scope = NewDisposeScope();
        var width = bits == 8 ? inputs : inputs / 2;
        var codes = new byte[outputs * width];
        Parallel.For(0, outputs, o =>
        {
            for (var i = 0; i < inputs; i++)
            {
                var code = matrix.Codes[o * inputs + order[i]];
                codes[o * width + i % width] |= (byte)(i < width ? code : code << 4);
            }
        });
        Tensor PerGroup(float[] values) =>
            TensorData.From<float>(values, outputs, groups).to(compute.DType).to(compute.Device).DetachFromDisposeScope();
        var isMiddle = Array.TrueForAll(matrix.Zeros, zero => zero == 1 << (bits - 1));
        var isInOrder = order.Zip(order.Skip(1)).All(pair => pair.First < pair.Second);
        return new QuantizedWeight(
            TensorData.From<byte>(codes, outputs, width).to(compute.Device).DetachFromDisposeScope(), PerGroup(matrix.Scales), bits)
        {
            Zeros = isMiddle ? null : PerGroup([.. matrix.Zeros.Select(zero => (float)zero)]),
            Order = isInOrder ? null : TensorData.From<long>([.. order.Select(i => (long)i)], inputs).to(compute.Device).DetachFromDisposeScope(),
        };
    }

    /// <summary>Rounds a matrix.</summary>
    /// <param name="weight">[outputs, inputs], any float type, on the CPU. Inputs are even.</param>
    /// <param name="bits">8 or 4.</param>
    /// <param name="compute">Where it goes, and the type of its scales.</param>
    /// <returns>Tensors in no dispose scope.</returns>
    public static QuantizedWeight Of(Tensor weight, int bits, Compute compute)
    {
        using var scope = NewDisposeScope();
        var (outputs, inputs) = ((int)weight.shape[0], (int)weight.shape[1]);
        var group = Group(inputs);
        var (groups, width) = (inputs / group, bits == 8 ? inputs : inputs / 2);
        var codes = empty([outputs, width], ScalarType.Byte);
        var scales = new float[outputs * groups];
        var rowsAtOnce = (int)Math.Max(1, BlockValues / inputs);
        for (var start = 0; start < outputs; start += rowsAtOnce)
        {
            using var block = NewDisposeScope();
            var rows = Math.Min(rowsAtOnce, outputs - start);
            var values = weight.narrow(0, start, rows).ToArray<float>();
            var packed = new byte[rows * width];
            var first = start;
            Parallel.For(0, rows, row => Round(values.AsSpan(row * inputs, inputs), packed.AsSpan(row * width, width),
                scales.AsSpan((first + row) * groups, groups), bits));
            codes.narrow(0, start, rows).copy_(TensorData.From<byte>(packed, rows, width));
        }
        return new QuantizedWeight(
            codes.to(compute.Device).DetachFromDisposeScope(),
            TensorData.From<float>(scales, outputs, groups).to(compute.DType).to(compute.Device).DetachFromDisposeScope(), bits);
    }

    /// <summary>x·Wᵀ + b.</summary>
    /// <param name="x">[…, inputs].</param>
    /// <param name="bias">[outputs], or null.</param>
    public Tensor Linear(Tensor x, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        var outputs = Codes.shape[0];
        if (Order is { } order)
            x = x.index_select(-1, order);
        var rows = Math.Max(1, BlockValues / x.shape[^1]);
        var parts = new List<Tensor>();
        for (long start = 0; start < outputs; start += rows)
        {
            var count = Math.Min(rows, outputs - start);
            parts.Add(Products.Linear(x, Rows(start, count), bias?.narrow(0, start, count)));
        }
        return (parts.Count == 1 ? parts[0] : cat(parts, -1)).MoveToOuterDisposeScope();
    }

    /// <summary>Some rows of the matrix in the scales' type, columns in <see cref="Order"/>.</summary>
    /// <param name="start">The first.</param>
    /// <param name="count">How many.</param>
    public Tensor Rows(long start, long count)
    {
        using var scope = NewDisposeScope();
        var type = Scales.dtype;
        var codes = Codes.narrow(0, start, count);
        Tensor values;
        if (Bits == 8)
        {
            values = codes.to(type);
        }
        else
        {
            // Both halves are whole numbers below 256, which every type here holds exactly; the cast to bytes cuts off.
            var wide = codes.to(type);
            var high = (wide * (1.0 / 16)).to(ScalarType.Byte).to(type);
            values = cat([wide - high * 16.0, high], 1);
        }
        var scales = Scales.narrow(0, start, count).unsqueeze(-1);
        var inputs = values.shape[1];
        var grouped = values.view(count, scales.shape[1], inputs / scales.shape[1]);
        var centred = Zeros is { } zeros ? grouped - zeros.narrow(0, start, count).unsqueeze(-1) : grouped - Zero;
        return (centred * scales).view(count, inputs).MoveToOuterDisposeScope();
    }

    // The longest group of at most 128 that fills the row.
    private static int Group(int inputs) => Enumerable.Range(1, LongestGroup).Last(size => inputs % size == 0);

    private static void Round(ReadOnlySpan<float> values, Span<byte> codes, Span<float> scales, int bits)
    {
        var (group, most) = (values.Length / scales.Length, (1 << (bits - 1)) - 1);
        for (var g = 0; g < scales.Length; g++)
        {
            var greatest = 0f;
            foreach (var value in values.Slice(g * group, group))
                greatest = Math.Max(greatest, Math.Abs(value));
            // The scale as it will be stored, so that codes are the nearest for the values that come back.
            var scale = (float)(BFloat16(greatest / most));
            scales[g] = scale;
            for (var i = g * group; i < (g + 1) * group; i++)
            {
                var code = (byte)(Math.Clamp(scale == 0 ? 0 : (int)MathF.Round(values[i] / scale), -most, most) + most + 1);
                if (bits == 8)
                    codes[i] = code;
                else if (i < codes.Length)
                    codes[i] = code;
                else
                    codes[i - codes.Length] |= (byte)(code << 4);
            }
        }
    }

    private static float BFloat16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return BitConverter.UInt32BitsToSingle((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000);
    }
}
