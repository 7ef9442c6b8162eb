using HieraVid.Torch;
using TorchSharp;

namespace HieraVid.Client.Checking;

/// <summary>What of a run was not on the device that it was meant for.</summary>
internal static class DeviceFindings
{
    /// <summary>Weights that are elsewhere, one sentence each.</summary>
    /// <param name="bytes">Bytes of the weights by kind of device.</param>
    /// <param name="expected">The kind of device that the run is meant for.</param>
    internal static IEnumerable<string> OfWeights(IReadOnlyDictionary<DeviceType, long> bytes, DeviceType expected) =>
        bytes.Where(part => part.Key != expected)
            .Select(part => FormattableString.Invariant($"{part.Value / 1e6:N1} MB of the weights are on {Name(part.Key)}"));

    /// <summary>Operations that computed elsewhere, one sentence each. Making, moving and reading values back is no computing.</summary>
    internal static IEnumerable<string> OfOperations(IEnumerable<OperationCount> seen, DeviceType expected) =>
        seen.Where(operation => operation.Computes && operation.Device != expected)
            .Select(operation => FormattableString.Invariant(
                $"{operation.Operation} computed {operation.Count:N0} tensors ({operation.Bytes / 1e6:N1} MB) on {Name(operation.Device)}"));

    /// <summary>What was seen, in one sentence.</summary>
    internal static string Summary(IReadOnlyList<OperationCount> seen, DeviceType expected)
    {
        var computed = seen.Where(operation => operation.Computes && operation.Device == expected).ToList();
        var host = seen.Where(operation => !operation.Computes && operation.Device == DeviceType.CPU).ToList();
        return FormattableString.Invariant(
            $"{computed.Sum(operation => operation.Count):N0} results of {computed.Count} operations ({computed.Sum(operation => operation.Bytes) / 1e9:N2} GB) on {Name(expected)}; made, moved or read back in main memory: {host.Sum(operation => operation.Count):N0} tensors ({host.Sum(operation => operation.Bytes) / 1e6:N1} MB)");
    }

    internal static string Name(DeviceType device) => device switch { DeviceType.CPU => "the CPU", DeviceType.CUDA => "the GPU", _ => $"{device}" };
}
