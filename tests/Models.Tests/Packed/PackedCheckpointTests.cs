using System.Text.Json.Nodes;
using HieraVid.Models.Checkpoints;
using HieraVid.Models.Configuration;
using HieraVid.Models.Packed;
using HieraVid.Models.Qwen2;
using HieraVid.Models.Safetensors;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Tests.Packed;

/// <summary>Checkpoints that GPTQ and AWQ have packed.</summary>
public sealed class PackedCheckpointTests
{
    private static readonly string s_source = Fixtures.Find("qwen2-tiny");

    // The layers of this fixture are 64 and 176 wide.
    private static readonly Dictionary<string, Packing> s_packings = new()
    {
        ["gptq"] = new("gptq", 4, 16),
        ["gptq of 8 bits"] = new("gptq", 8, 16),
        ["gptq, one group"] = new("gptq", 4, -1),
        ["gptq_v2"] = new("gptq", 4, 16) { Format = "gptq_v2", StoredLess = 0 },
        ["gptq, symmetric"] = new("gptq", 4, 16) { Symmetric = true },
        ["gptq, symmetric, zeros as in gptq_v2"] = new("gptq", 4, 16) { Symmetric = true, StoredLess = 0 },
        ["gptq with act-order"] = new("gptq", 4, 16) { Groups = "act-order" },
        ["gptq of 8 bits with act-order"] = new("gptq", 8, 16) { Groups = "act-order" },
        ["gptq with uneven groups"] = new("gptq", 4, 16) { Groups = "uneven" },
        ["awq"] = new("awq", 4, 16),
        ["awq, one group"] = new("awq", 4, -1),
    };

    public static TheoryData<string> Packings => [.. s_packings.Keys];

    [Theory]
    [MemberData(nameof(Packings))]
    public void The_logits_are_those_of_the_matrices_brought_back(string name)
    {
        using var folder = new TemporaryFolder();
        var (packing, packed, plain) = (s_packings[name], folder.File("packed"), folder.File("plain"));
        PackedCheckpoint.Write(packed, plain, s_source, packing, new Random(7));
        var (expected, expectedBytes) = Logits(plain);
        var (logits, bytes) = Logits(packed);
        // Columns in another order are added up in another order.
        var worst = expected.Zip(logits).Max(pair => Math.Abs(pair.First - pair.Second));
        Assert.InRange(worst, 0, packing.Groups == "act-order" ? 1e-4f : 0);
        Assert.True(expected.Max() - expected.Min() > 0.1f);
        // Kept in their few bits, unless groups can't stand side by side.
        Assert.Equal(packing.Groups != "uneven", bytes < expectedBytes);
    }

    [Theory]
    [InlineData("gptq")]
    [InlineData("awq")]
    public void A_packed_checkpoint_has_the_parameters_of_its_twin_and_needs_less_memory(string name)
    {
        using var folder = new TemporaryFolder();
        PackedCheckpoint.Write(folder.File("packed"), folder.File("plain"), s_source, s_packings[name], new Random(7));
        var (packed, plain) = (CheckpointInfo.Read(folder.File("packed")), CheckpointInfo.Read(folder.File("plain")));
        Assert.Equal((plain.Parameters, $"{name} int4", null), (packed.Parameters, packed.Packing, plain.Packing));
        Assert.True(packed.MemoryBytes(2) < plain.MemoryBytes(2));
    }

    [Theory]
    [InlineData("quant_method", "\"bitsandbytes\"", "quantization_config.quant_method = \"bitsandbytes\" is not supported; gptq and awq are")]
    [InlineData("bits", "3", "quantization_config.bits = 3 is not supported; 4 and 8 are")]
    [InlineData("bits", "\"4\"", "quantization_config.bits must be an integer")]
    [InlineData("group_size", "0", "quantization_config.group_size must be -1 or an integer from 1")]
    [InlineData("checkpoint_format", "\"marlin\"", "gptq and gptq_v2 are")]
    [InlineData("is_marlin_format", "true", "before it was repacked")]
    [InlineData("group_size", "32", "tensor")]
    public void A_variant_that_is_not_supported_is_named(string key, string value, string sentence) => Refuses("gptq", key, value, sentence);

    [Theory]
    [InlineData("version", "\"gemv\"", "quantization_config.version = \"gemv\" is not supported; gemm is")]
    [InlineData("bits", "8", "quantization_config.bits = 8 is not supported; 4 are")]
    [InlineData("zero_point", "false", "only checkpoints with zero points are")]
    public void A_variant_of_awq_that_is_not_supported_is_named(string key, string value, string sentence) => Refuses("awq", key, value, sentence);

    [Fact]
    public void Packed_tensors_without_a_word_on_them_are_refused()
    {
        using var folder = new TemporaryFolder();
        PackedCheckpoint.Write(folder.File("packed"), folder.File("plain"), s_source, s_packings["gptq"], new Random(7));
        File.Copy(folder.File("plain/config.json"), folder.File("packed/config.json"), overwrite: true);
        Assert.Contains("without a quantization_config", Assert.Throws<ModelException>(() => Logits(folder.File("packed"))).Message, StringComparison.Ordinal);
    }

    private static void Refuses(string name, string key, string value, string sentence)
    {
        using var folder = new TemporaryFolder();
        PackedCheckpoint.Write(folder.File("packed"), folder.File("plain"), s_source, s_packings[name], new Random(7));
        var config = JsonNode.Parse(File.ReadAllText(folder.File("packed/config.json")))!.AsObject();
        config["quantization_config"]![key] = JsonNode.Parse(value);
        File.WriteAllText(folder.File("packed/config.json"), config.ToJsonString());
        Assert.Contains(sentence, Assert.Throws<ModelException>(() => Logits(folder.File("packed"))).Message, StringComparison.Ordinal);
    }

    private static (float[] Logits, long Bytes) Logits(string folder)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var files = CheckpointFolder.Open(folder);
        using var weights = new Weights(files, Compute.Reference);
        var decoder = new Qwen2Decoder(ModelConfig.Load<Qwen2Config>(folder), weights.Under("model."), weights);
        using var cache = decoder.NewCache();
        var hidden = decoder.Forward(decoder.Embed([.. Enumerable.Range(3, 20).Select(i => (long)i)]), PositionIds.Range(20), cache);
        return (decoder.Logits(hidden).ToArray<float>(), weights.LoadedBytes);
    }
}
