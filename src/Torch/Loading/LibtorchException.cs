namespace HieraVid.Torch.Loading;

/// <summary>libtorch cannot be loaded; the message says which, why, and what to do.</summary>
public sealed class LibtorchException : Exception
{
    /// <summary>A failure without a message.</summary>
    public LibtorchException()
    {
    }

    /// <summary>A failure with a message.</summary>
    public LibtorchException(string message) : base(message)
    {
    }

    /// <summary>A failure with a message and its cause.</summary>
    public LibtorchException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
