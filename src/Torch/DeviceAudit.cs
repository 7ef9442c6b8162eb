#if !TORCHSHARP
using System.Collections.Concurrent;
#endif
using TorchSharp;

namespace HieraVid.Torch;

/// <summary>Results of one operation on one kind of device.</summary>
/// <param name="Operation">PyTorch's name of it.</param>
/// <param name="Device">Where the results are.</param>
/// <param name="Count">How many there were.</param>
/// <param name="Bytes">Their sizes together.</param>
public sealed record OperationCount(string Operation, DeviceType Device, long Count, long Bytes)
{
    private static readonly HashSet<string> s_moves =
    [
        "to", "cpu", "empty", "full", "zeros", "ones", "arange", "contiguous", "clone", "cat", "stack", "index_select",
        "view", "reshape", "permute", "expand", "transpose", "unsqueeze", "squeeze", "narrow", "select",
    ];

    /// <summary>Whether it computes; false for what makes, moves, picks out or reshapes values.</summary>
    public bool Computes => !s_moves.Contains(Operation);
}

/// <summary>
/// Where the results of tensor operations are, on all threads, while it lives: shows what runs on another device than was meant.
/// One at a time.
/// </summary>
public sealed class DeviceAudit : IDisposable
{
#if TORCHSHARP
    /// <summary>Whether operations can be seen: only by our own binding, not by the TorchSharp package.</summary>
    public static bool IsAvailable => false;

    /// <summary>What was seen.</summary>
    public IReadOnlyList<OperationCount> Operations => [];

    /// <summary>Ends it.</summary>
    public void Dispose()
    {
    }
#else
    private readonly ConcurrentDictionary<(string Operation, DeviceType Device), OperationCount> _seen = new();

    /// <summary>Begins to look.</summary>
    public DeviceAudit() => torch.Tensor.Observer = See;

    /// <summary>Whether operations can be seen: only by our own binding, not by the TorchSharp package.</summary>
    public static bool IsAvailable => true;

    /// <summary>What was seen, the most bytes first.</summary>
    public IReadOnlyList<OperationCount> Operations => [.. _seen.Values.OrderByDescending(seen => seen.Bytes)];

    /// <summary>Ends it.</summary>
    public void Dispose() => torch.Tensor.Observer = null;

    private void See(string operation, torch.Tensor made)
    {
        var (device, bytes) = (made.device.type, made.NumberOfElements * made.ElementSize);
        _seen.AddOrUpdate((operation, device), _ => new OperationCount(operation, device, 1, bytes),
            (_, seen) => seen with { Count = seen.Count + 1, Bytes = seen.Bytes + bytes });
    }
#endif
}
