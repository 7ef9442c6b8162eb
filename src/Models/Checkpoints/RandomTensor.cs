using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using HieraVid.Models.Safetensors;

namespace HieraVid.Models.Checkpoints;

/// <summary>
/// The values of one made-up tensor in bfloat16: a function of seed, name and index alone, in integers and exactly rounded
/// products, so that every machine writes the same bytes.
/// </summary>
internal static class RandomTensor
{
    private const int PieceElements = 1 << 16;
    private const ulong Golden = 0x9E3779B97F4A7C15;

    private static readonly string[] ResidualLayers = [".o_proj.", ".out_proj.", ".down_proj.", ".fc2.", ".attn.proj."];
    private static readonly string[] Norms = ["norm.weight", "norm1.weight", "norm2.weight", "ln_q.weight"];

    /// <summary>Biases are 0, norms 1, everything else has mean 0 and <see cref="Deviation"/>.</summary>
    /// <param name="sink">Takes the bytes, in pieces.</param>
    /// <param name="seed">The checkpoint's seed.</param>
    /// <param name="layerCount">The depth of the network part that the tensor is in.</param>
    /// <param name="cancellation">Looked at before each piece.</param>
    internal static void Write(TensorSink sink, int seed, int layerCount, CancellationToken cancellation)
    {
        var (name, count) = (sink.Tensor.Name, sink.Tensor.ByteCount / sizeof(ushort));
        var piece = new ushort[Math.Min(count, PieceElements)];
        var scale = (float)(Deviation(sink.Tensor, layerCount) / UnitDeviation);
        var stream = Mix(Hash(name) + (uint)seed);
        for (long start = 0; start < count; start += piece.Length)
        {
            cancellation.ThrowIfCancellationRequested();
            var values = piece.AsSpan(0, (int)Math.Min(piece.Length, count - start));
            if (IsConstant(name, out var constant))
                values.Fill(constant);
            else
                Fill(values, stream + (ulong)start * Golden, scale);
            if (!BitConverter.IsLittleEndian)
                BinaryPrimitives.ReverseEndianness(values, values);
            sink.Write(MemoryMarshal.AsBytes(values));
        }
    }

    /// <summary>
    /// 1 / √inputs keeps activations at the size of their inputs; the layers that add to the residual stream get 1 / √(2·depth)
    /// of that, so that the stream does not grow with depth.
    /// </summary>
    internal static double Deviation(TensorSpec tensor, int layerCount)
    {
        // A convolution's inputs are channels and window together; a vector counts as one row.
        var inputs = tensor.Shape.Length == 1 ? tensor.Shape[0] : tensor.Shape[1..].Aggregate(1L, (product, size) => product * size);
        var addsToStream = ResidualLayers.Any(layer => tensor.Name.Contains(layer, StringComparison.Ordinal));
        return Math.Sqrt(1.0 / inputs) * (addsToStream ? Math.Sqrt(0.5 / layerCount) : 1);
    }

    private static bool IsConstant(string name, out ushort value)
    {
        value = name.EndsWith("bias", StringComparison.Ordinal) ? (ushort)0 : (ushort)0x3F80; // 1.0 in bfloat16
        return value == 0 || Norms.Any(norm => name.EndsWith(norm, StringComparison.Ordinal));
    }

    // The sum of four uniform 16-bit numbers: a bell that ends at 3.46 deviations, which suits weights.
    private static readonly double UnitDeviation = Math.Sqrt(4 * (65536.0 * 65536.0 - 1) / 12);
    private const int UnitMean = 2 * 65535;

    private static void Fill(Span<ushort> values, ulong counter, float scale)
    {
        foreach (ref var value in values)
        {
            var bits = Mix(counter += Golden);
            var sum = (int)(bits & 0xFFFF) + (int)((bits >> 16) & 0xFFFF) + (int)((bits >> 32) & 0xFFFF) + (int)(bits >> 48);
            var single = BitConverter.SingleToUInt32Bits((sum - UnitMean) * scale);
            value = (ushort)((single + 0x7FFF + ((single >> 16) & 1)) >> 16);
        }
    }

    // SplitMix64's finaliser (public domain): every input bit reaches every output bit.
    private static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }

    // FNV-1a: string.GetHashCode differs from process to process.
    private static ulong Hash(string name)
    {
        var hash = 0xCBF29CE484222325;
        foreach (var octet in Encoding.UTF8.GetBytes(name))
            hash = (hash ^ octet) * 0x100000001B3;
        return BitOperations.RotateLeft(hash, 32);
    }
}
