using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace HieraVid.Video;

/// <summary>
/// Resizes 8-bit RGB pictures as Pillow does, bit for bit: two passes in fixed point, horizontal first, each rounded
/// and
/// clamped to bytes. One object serves one pair of sizes, any number of pictures and any number of threads.
/// </summary>
public sealed class PillowResize
{
    private const int Half = 1 << (ResampleWeights.Bits - 1);

    private readonly int sourceWidth;
    private readonly int sourceHeight;
    private readonly FrameSize target;
    private readonly ResampleWeights? across;
    private readonly ResampleWeights? down;

    /// <summary>Prepares the weights.</summary>
    /// <param name="sourceWidth">Width of the pictures to come.</param>
    /// <param name="sourceHeight">Their height.</param>
    /// <param name="target">The size and the kernel.</param>
    public PillowResize(int sourceWidth, int sourceHeight, FrameSize target)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sourceWidth, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(sourceHeight, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(target.Width, 1, nameof(target));
        ArgumentOutOfRangeException.ThrowIfLessThan(target.Height, 1, nameof(target));
        (this.sourceWidth, this.sourceHeight, this.target) = (sourceWidth, sourceHeight, target);
        if (sourceWidth != target.Width)
            across = ResampleWeights.Create(sourceWidth, target.Width, target.Resample);
        if (sourceHeight != target.Height)
            down = ResampleWeights.Create(sourceHeight, target.Height, target.Resample);
    }

    /// <summary>Resizes one picture.</summary>
    /// <param name="source">RGB, [height, width, 3].</param>
    /// <param name="destination">RGB, [target height, target width, 3].</param>
    public void Apply(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        if (source.Length != sourceWidth * sourceHeight * 3)
            throw new ArgumentException("not a picture of the announced size", nameof(source));
        if (destination.Length != target.Width * target.Height * 3)
            throw new ArgumentException("not room for a picture of the target size", nameof(destination));

        if (across is null && down is null)
        {
            source.CopyTo(destination);
        }
        else if (down is null)
        {
            Across(source, destination);
        }
        else if (across is null)
        {
            Down(source, destination);
        }
        else
        {
            byte[] between = ArrayPool<byte>.Shared.Rent(target.Width * sourceHeight * 3);
            Across(source, between);
            Down(between, destination);
            ArrayPool<byte>.Shared.Return(between);
        }
    }

    private void Across(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        var plan = across!;
        for (int y = 0; y < sourceHeight; y++)
        {
            var from = source[(y * sourceWidth * 3)..];
            var to = destination[(y * target.Width * 3)..];
            // Its loads and stores reach beyond the last pixels of a picture.
            int fast = target.Width;
            while (fast > 0 && (plan.First[fast - 1] * 3 + plan.Taps * 3 + 4 > from.Length || fast * 3 + 1 > to.Length))
                fast--;
            Row(ref MemoryMarshal.GetReference(from), ref MemoryMarshal.GetReference(to), fast, plan.Taps,
                ref MemoryMarshal.GetArrayDataReference(plan.First), ref MemoryMarshal.GetArrayDataReference(plan.Weights));
            for (int i = fast; i < target.Width; i++)
                Pixel(from[(plan.First[i] * 3)..], plan.Weights.AsSpan(i * plan.Taps, plan.Count[i]), to[(i * 3)..]);
        }
    }

    // Four taps at a time: 16 bytes hold them, and a shuffle spreads them to four lanes each (three colours and one that is thrown
    // away). The weights beyond an output's own are 0, so it doesn't matter which pixels they fall on.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row(ref byte from, ref byte to, int count, int taps, ref int first, ref int weights)
    {
        for (int i = 0; i < count; i++)
        {
            ref byte pixel = ref Unsafe.Add(ref from, Unsafe.Add(ref first, i) * 3);
            Vector256<int> a = Vector256<int>.Zero, b = a;
            for (int k = 0; k < taps; k += 4)
            {
                var pixels = Vector128.Shuffle(Vector128.LoadUnsafe(ref pixel),
                    Vector128.Create((byte)0, 1, 2, 0, 3, 4, 5, 0, 6, 7, 8, 0, 9, 10, 11, 0));
                var (low, high) = Vector256.Widen(Vector256.WidenLower(pixels.ToVector256Unsafe()));
                var four = Vector128.LoadUnsafe(ref weights).ToVector256Unsafe();
                a += low.AsInt32() * Vector256.Shuffle(four, Vector256.Create(0, 0, 0, 0, 1, 1, 1, 1));
                b += high.AsInt32() * Vector256.Shuffle(four, Vector256.Create(2, 2, 2, 2, 3, 3, 3, 3));
                pixel = ref Unsafe.Add(ref pixel, 12);
                weights = ref Unsafe.Add(ref weights, 4);
            }

            a += b;
            var sum = Clamp((a.GetLower() + a.GetUpper() + Vector128.Create(Half)) >> ResampleWeights.Bits).AsByte();
            sum = Vector128.Shuffle(sum, Vector128.Create((byte)0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
            Unsafe.WriteUnaligned(ref to, sum.AsUInt32().ToScalar());
            to = ref Unsafe.Add(ref to, 3);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Down(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        var plan = down!;
        int stride = target.Width * 3;
        ref byte begin = ref MemoryMarshal.GetReference(source);
        for (int y = 0; y < target.Height; y++)
        {
            var weights = plan.Weights.AsSpan(y * plan.Taps, plan.Count[y]);
            var row = destination.Slice(y * stride, stride);
            int first = plan.First[y] * stride;
            int x = 0;
            for (; x <= stride - 16; x += 16)
            {
                Vector256<int> a = Vector256.Create(Half), b = a;
                for (int k = 0; k < weights.Length; k++)
                {
                    var bytes = Vector128.LoadUnsafe(ref begin, (nuint)(first + k * stride + x));
                    var (low, high) = Vector256.Widen(Vector256.WidenLower(bytes.ToVector256Unsafe()));
                    a += low.AsInt32() * weights[k];
                    b += high.AsInt32() * weights[k];
                }

                var words = Vector256.Narrow(Clamp(a >> ResampleWeights.Bits), Clamp(b >> ResampleWeights.Bits)).AsUInt16();
                Vector128.Narrow(words.GetLower(), words.GetUpper()).CopyTo(row[x..]);
            }

            for (; x < stride; x++)
            {
                int sum = Half;
                for (int k = 0; k < weights.Length; k++)
                    sum += source[first + k * stride + x] * weights[k];
                row[x] = (byte)Math.Clamp(sum >> ResampleWeights.Bits, 0, 255);
            }
        }
    }

    private static void Pixel(ReadOnlySpan<byte> source, ReadOnlySpan<int> weights, Span<byte> destination)
    {
        for (int c = 0; c < 3; c++)
        {
            int sum = Half;
            for (int k = 0; k < weights.Length; k++)
                sum += source[k * 3 + c] * weights[k];
            destination[c] = (byte)Math.Clamp(sum >> ResampleWeights.Bits, 0, 255);
        }
    }

    private static Vector256<int> Clamp(Vector256<int> v) =>
        Vector256.Min(Vector256.Max(v, Vector256<int>.Zero), Vector256.Create(255));

    private static Vector128<int> Clamp(Vector128<int> v) =>
        Vector128.Min(Vector128.Max(v, Vector128<int>.Zero), Vector128.Create(255));
}
