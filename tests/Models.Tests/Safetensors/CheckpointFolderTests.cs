using HieraVid.Models.Safetensors;

namespace HieraVid.Models.Tests.Safetensors;

public sealed class CheckpointFolderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public CheckpointFolderTests()
    {
        ShardWriter.Write(folder.Path, [new("a", DType.F32, 2), new("b", DType.F32, 3)],
            sink => sink.Write(new byte[sink.Tensor.ByteCount]), maxShardBytes: 8);
    }

    private string Index => folder.File("model.safetensors.index.json");

    public void Dispose() => folder.Dispose();

    public static TheoryData<string> CheckpointNames => [.. Fixtures.Checkpoints];

    [Theory]
    [MemberData(nameof(CheckpointNames))]
    public void Opens_every_fixture(string name)
    {
        using var checkpoint = CheckpointFolder.Open(Fixtures.Find(name));
        Assert.NotEmpty(checkpoint.Tensors);
        Assert.All(checkpoint.Tensors.Values, tensor => Assert.All(tensor.ReadFloats(), value => Assert.True(float.IsFinite(value))));
    }

    [Fact]
    public void The_same_weights_in_both_namings_read_as_the_same_numbers()
    {
        using var bf16 = CheckpointFolder.Open(Fixtures.Find("llava-onevision-tiny"));
        using var f16 = CheckpointFolder.Open(Fixtures.Find("llava-onevision-tiny-hf"));
        Assert.Equal(bf16.Find("model.image_newline").ReadFloats(), f16.Find("image_newline").ReadFloats());
        Assert.Equal(bf16.Find("model.mm_projector.0.weight").ReadFloats(),
            f16.Find("multi_modal_projector.linear_1.weight").ReadFloats());
    }

    [Fact]
    public void Finds_tensors_and_checks_shapes()
    {
        using var checkpoint = CheckpointFolder.Open(folder.Path);
        Assert.True(checkpoint.Contains("a"));
        Assert.False(checkpoint.TryFind("c", out _));
        Assert.Equal(12, checkpoint.Find("b", 3).Entry.ByteCount);
        Assert.Contains("no tensor c", Message(() => checkpoint.Find("c")), StringComparison.Ordinal);
        Assert.Contains("shape [3] but the configuration demands [3, 1]", Message(() => checkpoint.Find("b", 3, 1)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_shard_is_named()
    {
        File.Delete(folder.File("model-00002-of-00002.safetensors"));
        Assert.Contains("model-00002-of-00002.safetensors was not found", OpenMessage(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_shard_is_named()
    {
        using (var shard = File.OpenWrite(folder.File("model-00002-of-00002.safetensors")))
            shard.SetLength(shard.Length - 1);
        Assert.Contains("model-00002-of-00002.safetensors is damaged", OpenMessage(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_that_its_shard_lacks_is_named()
    {
        File.WriteAllText(Index, File.ReadAllText(Index).Replace("\"b\"", "\"c\"", StringComparison.Ordinal));
        Assert.Contains("it lacks tensor c", OpenMessage(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../model.safetensors")]
    [InlineData("/etc/x.safetensors")]
    [InlineData("..\\\\x.safetensors")]
    [InlineData("C:x.safetensors")]
    [InlineData("x\\u0000.safetensors")]
    [InlineData("pytorch_model.bin")]
    [InlineData("")]
    public void An_index_cannot_point_outside_its_folder(string file)
    {
        File.WriteAllText(Index, $$$"""{"weight_map":{"a":"{{{file}}}"}}""");
        Assert.Contains("tensor a is said to be in", OpenMessage(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]", "no weight_map")]
    [InlineData("{}", "no weight_map")]
    [InlineData("""{"weight_map":[]}""", "no weight_map")]
    [InlineData("""{"weight_map":{}}""", "empty")]
    [InlineData("""{"weight_map":{"a":3}}""", "said to be in 3")]
    [InlineData("""{"weight_map":""", "not valid JSON")]
    public void A_damaged_index_is_named(string text, string fault)
    {
        File.WriteAllText(Index, text);
        Assert.Contains(fault, OpenMessage(), StringComparison.Ordinal);
        Assert.StartsWith(Index, OpenMessage(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_weights_says_what_is_needed()
    {
        using var empty = new TemporaryFolder();
        Assert.Contains("safetensors", Message(() => CheckpointFolder.Open(empty.Path)), StringComparison.Ordinal);
        Assert.Contains("was not found", Message(() => CheckpointFolder.Open(empty.File("absent"))), StringComparison.Ordinal);
    }

    private string OpenMessage() => Message(() => CheckpointFolder.Open(folder.Path));

    private static string Message(Func<object> open) => Assert.Throws<ModelException>(open).Message;
}
