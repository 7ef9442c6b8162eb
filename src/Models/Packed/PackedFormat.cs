using HieraVid.Models.Configuration;

namespace HieraVid.Models.Packed;

/// <summary>Who packed a checkpoint's matrices, which decides where a code is.</summary>
public enum PackingMethod
{
    /// <summary>GPTQ: eight (or four) inputs of an output in a word, the first in the lowest bits.</summary>
    Gptq,

    /// <summary>AWQ, "gemm" version: eight outputs of an input in a word, in the order 0, 2, 4, 6, 1, 3, 5, 7 from the lowest bits.</summary>
    Awq,
}

/// <summary>
/// How a checkpoint's matrices are packed, as <c>quantization_config</c> of config.json says. A layer then has <c>qweight</c>,
/// <c>qzeros</c> and <c>scales</c>, and with GPTQ <c>g_idx</c>, in place of <c>weight</c>; layers that were left as they are have that.
/// </summary>
/// <param name="Method">Who packed.</param>
/// <param name="Bits">4 or 8.</param>
/// <param name="GroupSize">Inputs that share a scale and a zero point; 0 for all of them.</param>
/// <param name="ZeroOffset">What is to be added to a stored zero point: 1 in GPTQ's first format, 0 elsewhere.</param>
/// <param name="IsSymmetric">Whether every zero point is the middle of the codes.</param>
public sealed record PackedFormat(PackingMethod Method, int Bits, int GroupSize, int ZeroOffset, bool IsSymmetric)
{
    private const string Key = "quantization_config";

    /// <summary>Reads the entry of a checkpoint folder's config.json; null where there is none.</summary>
    /// <exception cref="ModelException">It names a method or a variant that is not supported.</exception>
    public static PackedFormat? Read(string folder)
    {
        var file = Path.Combine(folder, ModelConfig.FileName);
        if (!File.Exists(file))
            return null;
        var root = ConfigSection.Read(file);
        // Some files of several parts keep it with the decoder's values.
        var parent = root.HasObject(Key) || !root.HasObject("text_config") ? root : root.Section("text_config");
        if (!parent.HasObject(Key))
            return null;
        var section = parent.Section(Key);
        return section.Text("quant_method", null).ToUpperInvariant() switch
        {
            "GPTQ" => Gptq(section),
            "AWQ" => Awq(section),
            _ => throw section.Unsupported("quant_method", "gptq and awq are, and --weights int8 rounds an unpacked checkpoint when it is loaded"),
        };
    }

    /// <summary>Groups of a row of so many inputs.</summary>
    public int Groups(int inputs) => GroupSize == 0 ? 1 : (inputs + GroupSize - 1) / GroupSize;

    /// <summary>As reports name it: "gptq int4".</summary>
    public override string ToString() => $"{(Method == PackingMethod.Gptq ? "gptq" : "awq")} int{Bits}";

    private static PackedFormat Gptq(ConfigSection section)
    {
        var bits = section.Int("bits", null);
        if (bits is not (4 or 8))
            throw section.Unsupported("bits", "4 and 8 are");
        var offset = section.Text("checkpoint_format", "gptq") switch
        {
            "gptq" => 1,
            "gptq_v2" => 0,
            _ => throw section.Unsupported("checkpoint_format", "gptq and gptq_v2 are"),
        };
        if (section.Flag("is_marlin_format", false))
            throw section.Unsupported("is_marlin_format", "use the checkpoint as it was before it was repacked for that kernel");
        return new PackedFormat(PackingMethod.Gptq, bits, Group(section, "group_size"), offset, section.Flag("sym", false));
    }

    private static PackedFormat Awq(ConfigSection section)
    {
        var bits = section.Has("bits") ? "bits" : "w_bit";
        if (section.Int(bits, null) != 4)
            throw section.Unsupported(bits, "4 are");
        if (!section.Text("version", "gemm").Equals("gemm", StringComparison.OrdinalIgnoreCase))
            throw section.Unsupported("version", "gemm is");
        if (!section.Flag("zero_point", true))
            throw section.Unsupported("zero_point", "only checkpoints with zero points are");
        return new PackedFormat(PackingMethod.Awq, 4, Group(section, section.Has("group_size") ? "group_size" : "q_group_size"), 0, IsSymmetric: false);
    }

    // -1 stands for all inputs of a row.
    private static int Group(ConfigSection section, string key)
    {
        var size = section.Int(key, 128, min: -1);
        return size is -1 or > 0 ? Math.Max(size, 0) : throw section.Bad(key, "-1 or an integer from 1");
    }
}
