using TorchSharp;

namespace HieraVid.Client.Checking;

/// <summary>Weights that are not on the device that a run was meant for.</summary>
internal static class StrayWeights
{
    /// <summary>One sentence for each other kind of device.</summary>
    /// <param name="bytes">Bytes of the weights by kind of device.</param>
    /// <param name="expected">The kind of device that the run is meant for.</param>
    internal static IEnumerable<string> Of(IReadOnlyDictionary<DeviceType, long> bytes, DeviceType expected) =>
        bytes.Where(part => part.Key != expected)
            .Select(part => FormattableString.Invariant($"{part.Value / 1e6:N1} MB of the weights are on {Name(part.Key)}"));

    private static string Name(DeviceType device) => device switch { DeviceType.CPU => "the CPU", DeviceType.CUDA => "the GPU", _ => $"{device}" };
}
