namespace HieraVid.Models.Safetensors;

/// <summary>Takes the bytes of one tensor, in pieces of any size.</summary>
public sealed class TensorSink
{
    private readonly Stream stream;

    internal TensorSink(TensorSpec tensor, Stream stream)
    {
        Tensor = tensor;
        this.stream = stream;
        RemainingBytes = tensor.ByteCount;
    }

    /// <summary>The tensor that is being written.</summary>
    public TensorSpec Tensor { get; }

    /// <summary>How many bytes it still lacks.</summary>
    public long RemainingBytes { get; private set; }

    /// <summary>Appends bytes: row-major, little-endian.</summary>
    /// <exception cref="InvalidOperationException">There are more bytes than the tensor's shape allows.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > RemainingBytes)
            throw new InvalidOperationException(
                $"Tensor {Tensor.Name} of {Tensor.ByteCount} bytes got {bytes.Length - RemainingBytes} too many.");
        stream.Write(bytes);
        RemainingBytes -= bytes.Length;
    }
}
