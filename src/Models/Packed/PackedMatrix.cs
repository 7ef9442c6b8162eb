using System.Runtime.InteropServices;
using HieraVid.Models.Safetensors;

namespace HieraVid.Models.Packed;

/// <summary>
/// A matrix of a packed checkpoint, its codes unpacked: the value for output o and input i is
/// (code − zero) · scale, zero and scale those of o and the input's group.
/// </summary>
/// <param name="Outputs">Rows.</param>
/// <param name="Inputs">Columns.</param>
/// <param name="Codes">[outputs · inputs].</param>
/// <param name="Scales">[outputs · groups].</param>
/// <param name="Zeros">[outputs · groups].</param>
/// <param name="GroupOf">[inputs]: the group of each input.</param>
internal sealed record PackedMatrix(int Outputs, int Inputs, byte[] Codes, float[] Scales, byte[] Zeros, int[] GroupOf)
{
    private const string CodesName = ".qweight";

    // The place, from the lowest bits, of each of a word's eight outputs: they are stored in the order 0, 2, 4, 6, 1, 3, 5, 7.
    private static readonly int[] s_awqPlaces = [0, 4, 1, 5, 2, 6, 3, 7];

    // Outputs unpacked side by side: their rows' beginnings stay in the cache while columns follow each other.
    private const int Tile = 64;

    /// <summary>Scales and zero points of a row.</summary>
    internal int Groups => Scales.Length / Outputs;

    /// <summary>Whether a checkpoint has a layer packed.</summary>
    internal static bool Has(CheckpointFolder files, string layer) => files.Contains(layer + CodesName);

    /// <summary>Unpacks a layer's matrix.</summary>
    /// <param name="files">The checkpoint.</param>
    /// <param name="layer">The layer's full name.</param>
    /// <param name="outputs">Rows by the configuration.</param>
    /// <param name="inputs">Columns by the configuration.</param>
    /// <exception cref="ModelException">A tensor is missing, has another shape or holds nonsense.</exception>
    internal static PackedMatrix Read(CheckpointFolder files, string layer, int outputs, int inputs)
    {
        var format = files.Packing ?? throw ModelException.Unsupported(files.Path, $"packed tensor {layer}{CodesName} without a quantization_config in config.json",
            "take the config.json that belongs to these weights");
        var (perWord, groups) = (32 / format.Bits, format.Groups(inputs));
        var isGptq = format.Method == PackingMethod.Gptq;
        if (outputs % perWord != 0 || inputs % perWord != 0)
            throw ModelException.Unsupported(files.Path, $"a packed matrix of {outputs} x {inputs}", $"both sides have to be multiples of {perWord}");
        var words = Words(files, layer + CodesName, isGptq ? [inputs / perWord, outputs] : [inputs, outputs / perWord]);
        var zeroWords = Words(files, layer + ".qzeros", [groups, outputs / perWord]);
        var scales = files.Find(layer + ".scales", groups, outputs).ReadFloats();
        var matrix = new PackedMatrix(outputs, inputs, new byte[(long)outputs * inputs], new float[outputs * groups], new byte[outputs * groups],
            GroupsOf(files, layer, format, inputs, groups));
        Parallel.For(0, (outputs + Tile - 1) / Tile, tile =>
        {
            for (var i = 0; i < inputs; i++)
            {
                for (var o = tile * Tile; o < Math.Min(outputs, (tile + 1) * Tile); o++)
                    matrix.Codes[(long)o * inputs + i] = isGptq ? Code(words[i / perWord * outputs + o], i % perWord, format.Bits) : Across(words, i, o, outputs, format);
            }
        });
        for (var g = 0; g < groups; g++)
        {
            for (var o = 0; o < outputs; o++)
            {
                matrix.Scales[o * groups + g] = scales[g * outputs + o];
                matrix.Zeros[o * groups + g] = Across(zeroWords, g, o, outputs, format);
            }
        }
        matrix.Shift(format);
        return matrix;
    }

    /// <summary>The values, [outputs · inputs].</summary>
    internal float[] Values()
    {
        var values = new float[Codes.LongLength];
        Parallel.For(0, Outputs, o =>
        {
            for (var i = 0; i < Inputs; i++)
            {
                var (at, group) = ((long)o * Inputs + i, o * Groups + GroupOf[i]);
                values[at] = (Codes[at] - Zeros[group]) * Scales[group];
            }
        });
        return values;
    }

    // GPTQ's first format stores zero points less one. Files exist that say so and store them as they are: where all are the
    // middle of the codes, as symmetric ones have to be, or one less, it is plain which it was.
    private void Shift(PackedFormat format)
    {
        var (middle, most) = (1 << (format.Bits - 1), (1 << format.Bits) - 1);
        if (format.IsSymmetric && (Array.TrueForAll(Zeros, zero => zero == middle) || Array.TrueForAll(Zeros, zero => zero == middle - 1)))
        {
            Array.Fill(Zeros, (byte)middle);
            return;
        }
        for (var i = 0; i < Zeros.Length; i++)
            Zeros[i] = (byte)((Zeros[i] + format.ZeroOffset) & most);
    }

    // With act-order, inputs of a group are those that were rounded together, wherever they stand.
    private static int[] GroupsOf(CheckpointFolder files, string layer, PackedFormat format, int inputs, int groups)
    {
        if (format.Method == PackingMethod.Awq || !files.Contains(layer + ".g_idx"))
            return [.. Enumerable.Range(0, inputs).Select(i => format.GroupSize == 0 ? 0 : i / format.GroupSize)];
        var found = Words(files, layer + ".g_idx", [inputs]).Select(group => (int)group).ToArray();
        return Array.TrueForAll(found, group => group >= 0 && group < groups)
            ? found
            : throw ModelException.Damaged(files.Path, $"{layer}.g_idx names a group beyond the {groups} that there are");
    }

    // A code of a tensor whose words hold outputs side by side: AWQ's codes, and both methods' zero points.
    private static byte Across(uint[] words, int row, int output, int outputs, PackedFormat format)
    {
        var perWord = 32 / format.Bits;
        var place = format.Method == PackingMethod.Gptq ? output % perWord : s_awqPlaces[output % perWord];
        return Code(words[row * (outputs / perWord) + output / perWord], place, format.Bits);
    }

    private static byte Code(uint word, int place, int bits) => (byte)((word >> (place * bits)) & ((1u << bits) - 1));

    private static uint[] Words(CheckpointFolder files, string name, params ReadOnlySpan<long> shape)
    {
        var tensor = files.Find(name, shape);
        if (tensor.Entry.DType is not (DType.I32 or DType.U32))
            throw ModelException.Damaged(tensor.File.Path, $"tensor {name} has type {tensor.Entry.DType}, not 32-bit integers");
        var words = new uint[tensor.Entry.ElementCount];
        tensor.CopyTo(MemoryMarshal.AsBytes(words.AsSpan()));
        return words;
    }
}
