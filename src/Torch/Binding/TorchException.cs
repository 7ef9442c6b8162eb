using System.Runtime.InteropServices;

namespace TorchSharp;

/// <summary>
/// A failure inside libtorch. The message names the operation and the shapes and types of its operands.
/// TorchSharp throws <see cref="ExternalException"/>; catch that to work with both.
/// </summary>
public sealed class TorchException : ExternalException
{
    /// <summary>An empty failure.</summary>
    public TorchException() { }

    /// <summary>A failure with a message.</summary>
    public TorchException(string message) : base(message) { }

    /// <summary>A failure with a message and a cause.</summary>
    public TorchException(string message, Exception innerException) : base(message, innerException) { }

    internal static TorchException For(string operation, ReadOnlySpan<torch.Tensor?> operands)
    {
        var reason = Native.LastError();
        var shapes = new List<string>();
        foreach (var operand in operands)
            if (operand is not null)
                shapes.Add($"{operand.dtype}[{string.Join(", ", operand.shape)}]");
        return new TorchException($"{operation}({string.Join(", ", shapes)}) failed: {reason}");
    }
}
