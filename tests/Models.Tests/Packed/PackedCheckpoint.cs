using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using HieraVid.Models.Packed;
using HieraVid.Models.Safetensors;

namespace HieraVid.Models.Tests.Packed;

/// <summary>What a test's packed checkpoint is like.</summary>
/// <param name="Method">"gptq" or "awq".</param>
/// <param name="Bits">4 or 8.</param>
/// <param name="Group">Inputs in a group; -1 for all.</param>
internal sealed record Packing(string Method, int Bits, int Group)
{
    /// <summary>What config.json says of GPTQ's format.</summary>
    internal string Format { get; init; } = "gptq";

    /// <summary>What is taken off stored zero points.</summary>
    internal int StoredLess { get; init; } = 1;

    internal bool Symmetric { get; init; }

    /// <summary>The group of each input: "in order", "act-order" (groups of one size, anywhere) or "uneven".</summary>
    internal string Groups { get; init; } = "in order";

    internal bool IsAwq => Method == "awq";
}

/// <summary>
/// A decoder with random packed matrices, and its twin whose matrices were brought back by the plainest code there is. Packing is
/// written here once more, from the published layouts, so that writer and reader share nothing.
/// </summary>
internal static class PackedCheckpoint
{
    private static readonly int[] s_awqOrder = [0, 2, 4, 6, 1, 3, 5, 7];

    internal static void Write(string packed, string plain, string source, Packing packing, Random random)
    {
        using var files = CheckpointFolder.Open(source);
        var (packedTensors, plainTensors) = (new List<(TensorSpec, byte[])>(), new List<(TensorSpec, byte[])>());
        foreach (var tensor in files.Tensors.Values)
        {
            var (name, shape) = (tensor.Entry.Name, tensor.Entry.Shape);
            if (!name.EndsWith("_proj.weight", StringComparison.Ordinal))
            {
                var bytes = new byte[tensor.Entry.ByteCount];
                tensor.CopyTo(bytes);
                packedTensors.Add((new TensorSpec(name, tensor.Entry.DType, shape), bytes));
                plainTensors.Add(packedTensors[^1]);
                continue;
            }
            var values = Pack(name[..^".weight".Length], (int)shape[0], (int)shape[1], packing, random, packedTensors);
            plainTensors.Add((new TensorSpec(name, DType.F32, shape), Bytes(values)));
        }
        WriteFolder(plain, source, plainTensors, null);
        WriteFolder(packed, source, packedTensors, Config(packing));
    }

    internal static JsonObject Config(Packing packing) => packing.IsAwq
        ? new() { ["quant_method"] = "awq", ["bits"] = packing.Bits, ["group_size"] = packing.Group, ["version"] = "gemm", ["zero_point"] = true }
        : new()
        {
            ["quant_method"] = "gptq",
            ["bits"] = packing.Bits,
            ["group_size"] = packing.Group,
            ["checkpoint_format"] = packing.Format,
            ["sym"] = packing.Symmetric,
            ["desc_act"] = packing.Groups != "in order",
        };

    // Adds the packed tensors of a layer; returns the values, [outputs · inputs].
    private static float[] Pack(string layer, int outputs, int inputs, Packing packing, Random random, List<(TensorSpec, byte[])> tensors)
    {
        var (most, size) = ((1 << packing.Bits) - 1, packing.Group == -1 ? inputs : packing.Group);
        var groups = inputs / size;
        int[] groupOf = [.. Enumerable.Range(0, inputs).Select(i => i / size)];
        if (packing.Groups == "act-order")
            random.Shuffle(groupOf);
        else if (packing.Groups == "uneven")
            groupOf = [.. groupOf.Select((_, i) => i == 0 ? groups - 1 : random.Next(groups))];
        var (codes, zeros, scales) = (new int[inputs, outputs], new int[groups, outputs], new Half[groups * outputs]);
        for (var o = 0; o < outputs; o++)
        {
            for (var i = 0; i < inputs; i++)
                codes[i, o] = random.Next(most + 1);
            for (var g = 0; g < groups; g++)
            {
                zeros[g, o] = packing.Symmetric ? (most + 1) / 2 : random.Next(most + 1);
                scales[g * outputs + o] = (Half)(0.2 * (random.NextDouble() + 0.1) / most);
            }
        }
        var stored = new int[groups, outputs];
        for (var g = 0; g < groups; g++)
        {
            for (var o = 0; o < outputs; o++)
                stored[g, o] = packing.IsAwq ? zeros[g, o] : (zeros[g, o] - packing.StoredLess) & most;
        }
        var perWord = 32 / packing.Bits;
        var words = packing.IsAwq
            ? Across(codes, packing)
            : Words(inputs / perWord, outputs, (r, o) => Enumerable.Range(0, perWord).Select(k => codes[r * perWord + k, o]), packing.Bits);
        tensors.Add((new TensorSpec($"{layer}.qweight", DType.I32, packing.IsAwq ? [inputs, outputs / perWord] : [inputs / perWord, outputs]), Bytes(words)));
        tensors.Add((new TensorSpec($"{layer}.qzeros", DType.I32, [groups, outputs / perWord]), Bytes(Across(stored, packing))));
        tensors.Add((new TensorSpec($"{layer}.scales", DType.F16, [groups, outputs]), Bytes(scales)));
        if (!packing.IsAwq)
            tensors.Add((new TensorSpec($"{layer}.g_idx", DType.I32, [inputs]), Bytes(groupOf)));

        var values = new float[outputs * inputs];
        for (var o = 0; o < outputs; o++)
        {
            for (var i = 0; i < inputs; i++)
                values[o * inputs + i] = (codes[i, o] - zeros[groupOf[i], o]) * (float)scales[groupOf[i] * outputs + o];
        }
        return values;
    }

    private static uint[] Across(int[,] rows, Packing packing)
    {
        var perWord = 32 / packing.Bits;
        return Words(rows.GetLength(0), rows.GetLength(1) / perWord,
            (r, w) => Enumerable.Range(0, perWord).Select(k => rows[r, w * perWord + (packing.IsAwq ? s_awqOrder[k] : k)]), packing.Bits);
    }

    // Codes of a word from the lowest bits on.
    private static uint[] Words(int rows, int columns, Func<int, int, IEnumerable<int>> codes, int bits) =>
        [.. Enumerable.Range(0, rows * columns).Select(at => codes(at / columns, at % columns)
            .Select((code, k) => (uint)code << (k * bits)).Aggregate(0u, (word, part) => word | part))];

    private static void WriteFolder(string folder, string source, List<(TensorSpec Spec, byte[] Bytes)> tensors, JsonObject? quantization)
    {
        Directory.CreateDirectory(folder);
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(source, "config.json")))!.AsObject();
        if (quantization is not null)
            config["quantization_config"] = quantization;
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), [.. tensors.Select(tensor => tensor.Spec)],
            sink => sink.Write(tensors.First(tensor => tensor.Spec.Name == sink.Tensor.Name).Bytes));
    }

    private static byte[] Bytes<T>(T[] values) where T : unmanaged => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
}
