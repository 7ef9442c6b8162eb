using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace HieraVid.Video.Tests;

/// <summary>Just enough of a safetensors reader for the fixtures: bytes and float32, by name.</summary>
internal sealed class Tensors(string path)
{
    private readonly byte[] file = File.ReadAllBytes(path);

    public byte[] Bytes(string name, out int[] shape)
    {
        int header = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        using var json = JsonDocument.Parse(file.AsMemory(8, header));
        var entry = json.RootElement.GetProperty(name);
        shape = [.. entry.GetProperty("shape").EnumerateArray().Select(d => d.GetInt32())];
        int[] at = [.. entry.GetProperty("data_offsets").EnumerateArray().Select(d => d.GetInt32())];
        return file[(8 + header + at[0])..(8 + header + at[1])];
    }

    public float[] Floats(string name) => MemoryMarshal.Cast<byte, float>(Bytes(name, out _)).ToArray();
}
