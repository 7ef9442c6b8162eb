using System.Buffers.Binary;
using System.Text;
using HieraVid.Models.Safetensors;

namespace HieraVid.Models.Tests.Safetensors;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Reads_every_tensor_of_a_file()
    {
        var path = Write("""
            {"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2,1],"data_offsets":[4,12]},
             "a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},"e":{"dtype":"I64","shape":[0,7],"data_offsets":[4,4]},
             "s":{"dtype":"F16","shape":[],"data_offsets":[12,14]}}
            """, [0x80, 0x3F, 0x00, 0xC0, 0, 0, 0x80, 0x3E, 0, 0, 0x20, 0x41, 0x00, 0x3C]);

        using var file = SafetensorsFile.Open(path);

        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal(["a", "e", "b", "s"], file.Tensors.Keys);
        Assert.Equal([1f, -2f], file.ReadFloats(file.Tensors["a"]));
        Assert.Equal([0.25f, 10f], file.ReadFloats(file.Tensors["b"]));
        Assert.Equal([1f], file.ReadFloats(file.Tensors["s"]));
        Assert.Empty(file.Read<long>(file.Tensors["e"]));
        Assert.Equal([2L, 1L], file.Tensors["b"].Shape);
        Assert.Equal([(ushort)0x3F80, (ushort)0xC000], file.Read<ushort>(file.Tensors["a"]));
    }

    [Theory]
    [InlineData("", "does not begin with {")]
    [InlineData("[]", "does not begin with {")]
    [InlineData("{", "not valid JSON")]
    [InlineData("""{"a":1}""", "tensor a lacks")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2]}}""", "tensor a lacks")]
    [InlineData("""{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}""", "dtype F33 of tensor a")]
    [InlineData("""{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}""", "shape of tensor a is not an array")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", "holds -2")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", "holds 2.5")]
    [InlineData("""{"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}""", "holds \"2\"")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""", "do not lie inside")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "do not lie inside")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}""", "do not lie inside its 8 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775807]}}""", "do not lie inside")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,18446744073709551615]}}""", "no count")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}""", "shape [1] and dtype F32 occupies 8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", "occupies 0 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387906],"data_offsets":[0,8]}}""", "occupies 8 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "4 bytes before")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "last 4 bytes")]
    [InlineData("{}", "last 8 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "overlaps")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "names a twice")]
    [InlineData("""{"__metadata__":3,"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "__metadata__ is not an object")]
    [InlineData("""{"__metadata__":{"x":3},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "value x is not a string")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "not valid JSON")]
    [InlineData("""{"a":{"dtype":"\ud800","shape":[2],"data_offsets":[0,8]}}""", "not valid JSON")]
    [InlineData("""{"a":[[[[[[[[[[[[]]]]]]]]]]]]}""", "not valid JSON")]
    public void Names_the_fault_of_a_header(string header, string fault)
    {
        var path = Write(header, new byte[8]);

        var error = Assert.Throws<ModelException>(() => SafetensorsFile.Open(path));

        Assert.Contains(fault, error.Message, StringComparison.Ordinal);
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ulong.MaxValue, "100000000 are allowed")]
    [InlineData(100_000_001, "100000000 are allowed")]
    [InlineData(100_000_000, "the file has only 16")]
    [InlineData(9, "the file has only 16")]
    public void Refuses_a_header_length_beyond_file_or_format(ulong length, string fault)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        var path = folder.File("x.safetensors");
        File.WriteAllBytes(path, bytes);

        var error = Assert.Throws<ModelException>(() => SafetensorsFile.Open(path));

        Assert.Contains(fault, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void Refuses_a_file_without_room_for_a_header(int byteCount)
    {
        var path = folder.File("x.safetensors");
        File.WriteAllBytes(path, new byte[byteCount]);

        Assert.Contains("too few", Assert.Throws<ModelException>(() => SafetensorsFile.Open(path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Every_truncation_of_a_file_is_noticed()
    {
        var whole = File.ReadAllBytes(Write(
            """{"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]}}""", [1, 2, 3, 4, 5]));
        var path = folder.File("cut.safetensors");
        for (var length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Throws<ModelException>(() => SafetensorsFile.Open(path));
        }
    }

    [Fact]
    public void Random_damage_to_a_header_never_escapes_as_another_error()
    {
        var whole = File.ReadAllBytes(Fixtures.Find("qwen2-tiny-tied", "model-00002-of-00002.safetensors"));
        var headerLength = (int)BinaryPrimitives.ReadUInt64LittleEndian(whole);
        var random = new Random(7);
        var path = folder.File("damaged.safetensors");
        for (var trial = 0; trial < 300; trial++)
        {
            var bytes = whole.ToArray();
            for (var flip = 0; flip < 3; flip++)
                bytes[random.Next(8 + headerLength)] = (byte)random.Next(256);
            File.WriteAllBytes(path, bytes);
            try
            {
                using var file = SafetensorsFile.Open(path);
                foreach (var tensor in file.Tensors.Values)
                    file.CopyTo(tensor, new byte[tensor.ByteCount]);
            }
            catch (ModelException)
            {
                // The point: no other exception, no crash.
            }
        }
    }

    [Fact]
    public void Every_dtype_has_its_own_name_and_size()
    {
        foreach (var dtype in Enum.GetValues<DType>())
        {
            Assert.Equal(dtype, DTypes.Parse(dtype.HeaderName()));
            var digits = string.Concat(dtype.ToString().SkipWhile(letter => !char.IsDigit(letter)).TakeWhile(char.IsDigit));
            Assert.Equal(dtype == DType.Bool ? 1 : int.Parse(digits, null) / 8, dtype.SizeOf());
        }
        Assert.Null(DTypes.Parse("f32"));
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        var path = folder.File("absent.safetensors");
        Assert.Contains(path, Assert.Throws<ModelException>(() => SafetensorsFile.Open(path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_shrinks_while_it_is_open_is_an_error_not_a_crash()
    {
        if (OperatingSystem.IsWindows())
            return; // which refuses to shorten a mapped file
        var path = Write("""{"a":{"dtype":"U8","shape":[65536],"data_offsets":[0,65536]}}""", new byte[65536]);
        using var file = SafetensorsFile.Open(path);
        // Another process knows nothing of this one's locks.
        using (var shell = System.Diagnostics.Process.Start("sh", ["-c", ": > \"$0\"", path]))
            shell.WaitForExit();

        var error = Assert.Throws<ModelException>(() => file.CopyTo(file.Tensors["a"], new byte[65536]));

        Assert.Contains("shortened", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Copies_parts_across_the_pieces_of_a_large_tensor()
    {
        const int byteCount = (40 << 20) + 13;
        var path = folder.File("large.safetensors");
        SafetensorsWriter.Write(path, [new("x", DType.U8, byteCount)], sink =>
        {
            var bytes = new byte[byteCount];
            new Random(1).NextBytes(bytes);
            sink.Write(bytes);
        });
        using var file = SafetensorsFile.Open(path);
        var tensor = file.Tensors["x"];
        var expected = new byte[byteCount];
        new Random(1).NextBytes(expected);

        var whole = new byte[byteCount];
        file.CopyTo(tensor, whole);
        var part = new byte[20 << 20];
        file.CopyTo(tensor, 12345, part);

        Assert.True(whole.AsSpan().SequenceEqual(expected));
        Assert.True(part.AsSpan().SequenceEqual(expected.AsSpan(12345, part.Length)));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.CopyTo(tensor, byteCount - 1, new byte[2]));
        Assert.Throws<ArgumentException>(() => file.CopyTo(tensor, new byte[2]));
        Assert.Throws<ArgumentException>(() => file.CopyTo(tensor with { Offset = 0 }, 0, new byte[2]));
        Assert.Throws<ArgumentException>(() => file.ReadFloats(tensor));
        Assert.Throws<ArgumentException>(() => file.Read<float>(tensor));
    }

    private string Write(string header, byte[] data)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var bytes = new byte[8 + json.Length + data.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)json.Length);
        json.CopyTo(bytes, 8);
        data.CopyTo(bytes, 8 + json.Length);
        var path = folder.File("test.safetensors");
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
