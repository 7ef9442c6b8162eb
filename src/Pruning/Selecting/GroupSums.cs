using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>
/// Sums of rows by group, in float32 and in the order in which they are added. A product with a matrix of zeros and ones
/// would do the same with a thousand times the work, and let one NaN into every sum.
/// </summary>
/// <param name="groups">How many there are.</param>
/// <param name="width">D.</param>
internal sealed class GroupSums(int groups, int width)
{
    private readonly float[] _sums = new float[(long)groups * width];

    /// <summary>Rows in each sum, [groups].</summary>
    internal int[] Counts { get; } = new int[groups];

    /// <summary>Adds rows.</summary>
    /// <param name="rows">[n, D] in float32 or bfloat16.</param>
    /// <param name="groupOf">The group of each row, [n]; negative for none.</param>
    internal void Add(Tensor rows, ReadOnlySpan<int> groupOf)
    {
        var members = new List<int>?[groups];
        for (var i = 0; i < groupOf.Length; i++)
        {
            if (groupOf[i] < 0)
                continue;
            Counts[groupOf[i]]++;
            (members[groupOf[i]] ??= []).Add(i);
        }
        var values = rows.dtype == bfloat16 ? rows.cpu().contiguous() : Rows.Wide(rows);
        Dpp.Workers.For(groups, Math.Max(1, get_num_threads()), (double)groupOf.Length * width, group =>
        {
            if (members[group] is not { } own)
                return;
            if (values.dtype == bfloat16)
                Add(MemoryMarshal.Cast<byte, ushort>(values.bytes), own, Sum(group));
            else
                Add(MemoryMarshal.Cast<byte, float>(values.bytes), own, Sum(group));
        });
    }

    /// <summary>A group's sum, [D].</summary>
    internal Span<float> Sum(int group) => _sums.AsSpan(group * width, width);

    /// <summary>Moves a sum half-way to a row.</summary>
    internal void Halve(Tensor rows, int row, int group)
    {
        var values = MemoryMarshal.Cast<byte, float>(rows.bytes).Slice(row * width, width);
        Add(values, Sum(group));
        Scale(Sum(group), 0.5f);
    }

    /// <summary>All sums, [groups, D] in float32.</summary>
    internal Tensor Sums() => TensorData.From<float>(_sums, groups, width);

    /// <summary>All means, [groups, D] in float32; zero for a group without rows.</summary>
    internal Tensor Means()
    {
        for (var group = 0; group < groups; group++)
            Scale(Sum(group), 1f / Math.Max(1, Counts[group]));
        return TensorData.From<float>(_sums, groups, width);
    }

    /// <summary>weight · row + (1 − weight) · mean for each group, [groups, D] in float32. The sums are used up.</summary>
    /// <param name="rows">One for each group, [groups, D] in float32 or bfloat16.</param>
    /// <param name="weights">[groups].</param>
    internal Tensor Blend(Tensor rows, float[] weights)
    {
        var values = Rows.Wide(rows);
        Dpp.Workers.For(groups, Math.Max(1, get_num_threads()), (double)groups * width * 4, group =>
            Blend(MemoryMarshal.Cast<byte, float>(values.bytes).Slice(group * width, width), weights[group],
                1f / Math.Max(1, Counts[group]), Sum(group)));
        return TensorData.From<float>(_sums, groups, width);
    }

    // In one pass, and rounded as the steps one after the other would be.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Blend(ReadOnlySpan<float> row, float weight, float share, Span<float> sum)
    {
        var from = MemoryMarshal.Cast<float, Vector<float>>(row);
        var to = MemoryMarshal.Cast<float, Vector<float>>(sum);
        for (var i = 0; i < to.Length; i++)
            to[i] = from[i] * weight + to[i] * share * (1 - weight);
        for (var i = to.Length * Vector<float>.Count; i < sum.Length; i++)
            sum[i] = row[i] * weight + sum[i] * share * (1 - weight);
    }

    // Four rows at a time: the sum is loaded and stored once for them, and the order of adding stays.
    private void Add(ReadOnlySpan<float> values, List<int> rows, Span<float> sum)
    {
        var i = 0;
        for (; i + 4 <= rows.Count; i += 4)
        {
            var a = MemoryMarshal.Cast<float, Vector<float>>(values.Slice(rows[i] * width, width));
            var b = MemoryMarshal.Cast<float, Vector<float>>(values.Slice(rows[i + 1] * width, width))[..a.Length];
            var c = MemoryMarshal.Cast<float, Vector<float>>(values.Slice(rows[i + 2] * width, width))[..a.Length];
            var d = MemoryMarshal.Cast<float, Vector<float>>(values.Slice(rows[i + 3] * width, width))[..a.Length];
            var to = MemoryMarshal.Cast<float, Vector<float>>(sum)[..a.Length];
            for (var v = 0; v < a.Length; v++)
                to[v] = to[v] + a[v] + b[v] + c[v] + d[v];
            for (var w = a.Length * Vector<float>.Count; w < width; w++)
                sum[w] = sum[w] + values[(rows[i] * width) + w] + values[(rows[i + 1] * width) + w]
                    + values[(rows[i + 2] * width) + w] + values[(rows[i + 3] * width) + w];
        }
        for (; i < rows.Count; i++)
            Add(values.Slice(rows[i] * width, width), sum);
    }

    // The same for bfloat16 rows, whose bits are the upper halves of a float32's. Compiled for speed at once: one job sums each
    // token once or twice, long before the runtime would find out that it pays.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private unsafe void Add(ReadOnlySpan<ushort> values, List<int> rows, Span<float> sum)
    {
        fixed (ushort* first = values)
        fixed (float* to = sum)
        {
            for (var i = 0; i < rows.Count; i += 4)
            {
                // Past the end nothing is added.
                var count = Math.Min(4, rows.Count - i);
                var a = first + ((long)rows[i] * width);
                var b = first + ((long)rows[Math.Min(i + 1, rows.Count - 1)] * width);
                var c = first + ((long)rows[Math.Min(i + 2, rows.Count - 1)] * width);
                var d = first + ((long)rows[Math.Min(i + 3, rows.Count - 1)] * width);
                var w = 0;
                for (; w + Vector512<float>.Count <= width; w += Vector512<float>.Count)
                {
                    var total = Vector512.Load(to + w) + Widened(a + w);
                    total = count > 1 ? total + Widened(b + w) : total;
                    total = count > 2 ? total + Widened(c + w) : total;
                    total = count > 3 ? total + Widened(d + w) : total;
                    total.Store(to + w);
                }
                for (; w < width; w++)
                    for (var row = i; row < i + count; row++)
                        to[w] += BitConverter.UInt32BitsToSingle((uint)first[((long)rows[row] * width) + w] << 16);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe Vector512<float> Widened(ushort* values)
    {
        var (low, high) = Vector256.Widen(Vector256.Load(values));
        return (Vector512.Create(low, high) << 16).AsSingle();
    }

    /// <summary>y += x.</summary>
    internal static void Add(ReadOnlySpan<float> x, Span<float> y)
    {
        var from = MemoryMarshal.Cast<float, Vector<float>>(x);
        var to = MemoryMarshal.Cast<float, Vector<float>>(y);
        for (var i = 0; i < to.Length; i++)
            to[i] += from[i];
        for (var i = to.Length * Vector<float>.Count; i < y.Length; i++)
            y[i] += x[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scale(Span<float> x, float factor)
    {
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(x);
        for (var i = 0; i < vectors.Length; i++)
            vectors[i] *= factor;
        for (var i = vectors.Length * Vector<float>.Count; i < x.Length; i++)
            x[i] *= factor;
    }
}
