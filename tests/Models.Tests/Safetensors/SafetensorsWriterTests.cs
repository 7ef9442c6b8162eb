using System.Buffers.Binary;
using HieraVid.Models.Safetensors;

namespace HieraVid.Models.Tests.Safetensors;

public sealed class SafetensorsWriterTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void What_was_written_is_read_back_and_aligned()
    {
        var path = folder.File("model.safetensors");
        TensorSpec[] specs =
        [
            new("bytes", DType.U8, 3), new("wide", DType.F64, 2, 2), new("empty", DType.F32, 0), new("scalar", DType.F32),
            new("half \"quoted\" é", DType.BF16, 5),
        ];

        SafetensorsWriter.Write(path, specs, Fill, new Dictionary<string, string> { ["format"] = "pt" });

        using var file = SafetensorsFile.Open(path);
        Assert.Equal(specs.Select(spec => spec.Name).Order(), file.Tensors.Keys.Order());
        Assert.Equal("pt", file.Metadata["format"]);
        foreach (var spec in specs)
        {
            var tensor = file.Tensors[spec.Name];
            Assert.Equal(spec.Shape, tensor.Shape);
            Assert.Equal(spec.DType, tensor.DType);
            Assert.Equal(0, tensor.Offset % spec.DType.SizeOf());
            var bytes = new byte[tensor.ByteCount];
            file.CopyTo(tensor, bytes);
            Assert.Equal(Bytes(spec), bytes);
        }
        Assert.Equal(0, file.Tensors.Values.Min(tensor => tensor.Offset) % 64);
        Assert.Equal(["model.safetensors"], folder.Names);
    }

    [Theory]
    [InlineData("qwen2-tiny")]
    [InlineData("llava-onevision-tiny")]
    public void A_fixture_copied_tensor_by_tensor_is_the_same_checkpoint(string name)
    {
        using var original = CheckpointFolder.Open(Fixtures.Find(name));
        var specs = original.Tensors.Values
            .Select(tensor => new TensorSpec(tensor.Entry.Name, tensor.Entry.DType, tensor.Entry.Shape)).ToList();

        ShardWriter.Write(folder.Path, specs, sink =>
        {
            var tensor = original.Find(sink.Tensor.Name);
            var bytes = new byte[tensor.Entry.ByteCount];
            tensor.CopyTo(bytes);
            sink.Write(bytes.AsSpan(0, bytes.Length / 2));
            sink.Write(bytes.AsSpan(bytes.Length / 2));
        }, maxShardBytes: 100_000);

        using var copy = CheckpointFolder.Open(folder.Path);
        Assert.True(copy.Files.Count > 2);
        Assert.Equal(original.TotalBytes, copy.TotalBytes);
        Assert.Equal(original.Tensors.Keys.Order(), copy.Tensors.Keys.Order());
        foreach (var (key, tensor) in original.Tensors)
            Assert.Equal(tensor.ReadFloats(), copy.Find(key, tensor.Entry.Shape).ReadFloats());
    }

    [Fact]
    public void A_small_checkpoint_is_one_file_without_index()
    {
        ShardWriter.Write(folder.Path, [new("a", DType.F32, 4)], Fill, maxShardBytes: 16);
        Assert.Equal(["model.safetensors"], folder.Names);
    }

    [Fact]
    public void A_tensor_larger_than_a_shard_gets_its_own()
    {
        ShardWriter.Write(folder.Path,
            [new("a", DType.F32, 1), new("big", DType.F32, 9), new("c", DType.F32, 1)], Fill, maxShardBytes: 8);
        using var checkpoint = CheckpointFolder.Open(folder.Path);
        Assert.Equal(3, checkpoint.Files.Count);
        Assert.Equal(44, checkpoint.TotalBytes);
    }

    [Fact]
    public void Weights_are_not_mixed_with_older_ones()
    {
        ShardWriter.Write(folder.Path, [new("a", DType.F32, 4)], Fill, maxShardBytes: 16);
        var error = Assert.Throws<ModelException>(
            () => ShardWriter.Write(folder.Path, [new("b", DType.F32, 4)], Fill, maxShardBytes: 4));
        Assert.Contains("empty folder", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failure_in_the_second_shard_leaves_nothing()
    {
        var error = Assert.Throws<ModelException>(() => ShardWriter.Write(
            folder.Path, [new("a", DType.F32, 4), new("b", DType.F32, 4)],
            sink =>
            {
                if (sink.Tensor.Name == "b")
                    throw new IOException("No space left on device");
                Fill(sink);
            }, maxShardBytes: 16));

        Assert.Contains("model-00002-of-00002.safetensors", error.Message, StringComparison.Ordinal);
        Assert.Contains("the disk is full", error.Message, StringComparison.Ordinal);
        Assert.Empty(folder.Names);
    }

    [Fact]
    public void A_disk_that_is_too_small_is_noticed_before_the_first_tensor()
    {
        var path = folder.File("model.safetensors");
        // 4 EB fit no disk. Where space can't be reserved, the first write says what a full disk would say.
        var error = Assert.Throws<ModelException>(() => SafetensorsWriter.Write(
            path, [new("a", DType.U8, 1L << 62)], _ => throw new IOException("No space left on device")));

        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains("check the free space", error.Message, StringComparison.Ordinal);
        Assert.Empty(folder.Names);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void The_callback_must_deliver_exactly_the_tensor(int surplus)
    {
        var path = folder.File("model.safetensors");
        File.WriteAllText(path, "older");

        Assert.Throws<InvalidOperationException>(() => SafetensorsWriter.Write(
            path, [new("a", DType.U8, 4)], sink => sink.Write(new byte[4 + surplus])));

        Assert.Equal("older", File.ReadAllText(path));
        Assert.Equal(["model.safetensors"], folder.Names);
    }

    [Fact]
    public void Impossible_declarations_are_refused()
    {
        var path = folder.File("model.safetensors");
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(
            path, [new("a", DType.U8, 1), new("a", DType.U8, 1)], Fill));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path, [new("a", DType.U8, -1)], Fill));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path, [new("a", DType.F64, 1L << 61)], Fill));
        Assert.Throws<ModelException>(() => SafetensorsWriter.Write(
            folder.File("absent/model.safetensors"), [new("a", DType.U8, 1)], Fill));
        Assert.Empty(folder.Names);
    }

    [Fact]
    public void The_header_is_padded_with_spaces()
    {
        var path = folder.File("model.safetensors");
        SafetensorsWriter.Write(path, [new("a", DType.U8, 1)], Fill);
        var bytes = File.ReadAllBytes(path);
        var end = 8 + (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        Assert.Equal(0, end % 64);
        Assert.Equal((byte)' ', bytes[end - 1]);
    }

    private static byte[] Bytes(TensorSpec spec)
    {
        var bytes = new byte[spec.ByteCount];
        new Random(spec.Name.Length).NextBytes(bytes);
        return bytes;
    }

    private static void Fill(TensorSink sink) => sink.Write(Bytes(sink.Tensor));
}
