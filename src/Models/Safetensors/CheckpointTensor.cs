namespace HieraVid.Models.Safetensors;

/// <summary>A tensor of a checkpoint together with the file that holds it.</summary>
/// <param name="File">The open file; it belongs to the <see cref="CheckpointFolder"/>.</param>
/// <param name="Entry">The tensor's place in it.</param>
public sealed record CheckpointTensor(SafetensorsFile File, TensorEntry Entry)
{
    /// <summary>Copies all bytes; see <see cref="SafetensorsFile.CopyTo(TensorEntry, Span{byte})"/>.</summary>
    public void CopyTo(Span<byte> destination) => File.CopyTo(Entry, destination);

    /// <summary>Copies a part; see <see cref="SafetensorsFile.CopyTo(TensorEntry, long, Span{byte})"/>.</summary>
    public void CopyTo(long start, Span<byte> destination) => File.CopyTo(Entry, start, destination);

    /// <summary>Reads BF16, F16, F32 or F64 as single-precision numbers, row-major.</summary>
    public float[] ReadFloats() => File.ReadFloats(Entry);
}
