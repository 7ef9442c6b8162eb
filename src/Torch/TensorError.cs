using System.Diagnostics;
using System.Runtime.InteropServices;

namespace HieraVid.Torch;

/// <summary>Failures of tensor operations in words.</summary>
public static class TensorError
{
    /// <summary>
    /// What failed and why, in one line: TorchSharp's own message goes on with a backtrace of libtorch's functions. Other
    /// exceptions keep their message.
    /// </summary>
    /// <param name="e">An exception of TorchSharp's, for example "mm: mat1 and mat2 shapes cannot be multiplied (2x3 and 5x7)".</param>
    public static string Describe(Exception e)
    {
        ArgumentNullException.ThrowIfNull(e);
        if (e is not ExternalException)
            return e.Message;
        var reason = e.Message.Split('\n', 2)[0].Trim();
        return Operation(e) is { } operation && !reason.StartsWith(operation, StringComparison.Ordinal) ? $"{operation}: {reason}" : reason;
    }

    // The last of TorchSharp's methods that was called from outside.
    private static string? Operation(Exception e) => new StackTrace(e).GetFrames()
        .Select(frame => frame.GetMethod())
        .TakeWhile(method => method?.DeclaringType?.Assembly.GetName().Name == "TorchSharp")
        .LastOrDefault()?.Name;
}
