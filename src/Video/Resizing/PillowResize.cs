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

    // Each pixel is four 32-bit lanes (three colours and one that is thrown away), so a tap costs one multiplication.
    private void Across(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        var plan = across!;
        ref byte begin = ref MemoryMarshal.GetReference(source);
        int stride = sourceWidth * 3, at = 0;
        for (int y = 0; y < sourceHeight; y++)
        {
            // A four-byte load of the last pixel would read one byte past the picture.
            bool isLastRow = y == sourceHeight - 1;
            for (int i = 0; i < target.Width; i++, at += 3)
            {
                int first = y * stride + plan.First[i] * 3;
                var weights = plan.Weights.AsSpan(i * plan.Taps, plan.Count[i]);
                if (isLastRow && plan.First[i] + weights.Length == sourceWidth)
                {
                    Pixel(source[first..], weights, destination[at..]);
                    continue;
                }

                var sum = Vector128.Create(Half);
                for (int k = 0; k < weights.Length; k++)
                {
                    uint pixel = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref begin, first + k * 3));
                    var bytes = Vector128.CreateScalarUnsafe(pixel).AsByte();
                    var lanes = Vector128.WidenLower(Vector128.WidenLower(bytes)).AsInt32();
                    sum += lanes * weights[k];
                }

                sum = Clamp(sum >> ResampleWeights.Bits);
                destination[at] = (byte)sum[0];
                destination[at + 1] = (byte)sum[1];
                destination[at + 2] = (byte)sum[2];
            }
        }
    }

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
                Vector128<int> a = Vector128.Create(Half), b = a, c = a, d = a;
                for (int k = 0; k < weights.Length; k++)
                {
                    var bytes = Vector128.LoadUnsafe(ref begin, (nuint)(first + k * stride + x));
                    var (low, high) = Vector128.Widen(bytes);
                    var (l0, l1) = Vector128.Widen(low);
                    var (h0, h1) = Vector128.Widen(high);
                    int w = weights[k];
                    a += l0.AsInt32() * w;
                    b += l1.AsInt32() * w;
                    c += h0.AsInt32() * w;
                    d += h1.AsInt32() * w;
                }

                var left = Vector128.Narrow(Clamp(a >> ResampleWeights.Bits), Clamp(b >> ResampleWeights.Bits));
                var right = Vector128.Narrow(Clamp(c >> ResampleWeights.Bits), Clamp(d >> ResampleWeights.Bits));
                Vector128.Narrow(left.AsUInt16(), right.AsUInt16()).CopyTo(row[x..]);
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

    private static Vector128<int> Clamp(Vector128<int> v) =>
        Vector128.Min(Vector128.Max(v, Vector128<int>.Zero), Vector128.Create(255));
}
