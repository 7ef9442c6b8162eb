using System.Runtime.InteropServices;

namespace HieraVid.Models.Devices;

/// <summary>
/// How much memory devices have. GPUs are asked through NVIDIA's driver library, which is wherever a GPU can be used and numbers
/// devices as libtorch does.
/// </summary>
public static unsafe class DeviceMemory
{
    private static readonly Lazy<Driver?> s_driver = new(Driver.Load);

    /// <summary>Bytes that each device can give: what is free on a GPU, an equal share of the machine's for parts of the CPU.</summary>
    public static IReadOnlyList<long> Of(IReadOnlyList<NamedDevice> devices)
    {
        var parts = Math.Max(1, devices.Count(device => device.IsCpu));
        var share = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / parts;
        // Without an answer GPUs count as equal, which those of one machine mostly are.
        return [.. devices.Select(device => device.IsCpu ? share : Cuda(device)?.Free ?? share)];
    }

    /// <summary>Free and all bytes of a GPU; null where the driver does not say.</summary>
    public static (long Free, long Total)? Cuda(NamedDevice device) =>
        NamedDevice.Ordinal(device.Name, "cuda:") is { } ordinal && s_driver.Value is { } driver ? driver.Read(ordinal) : null;

    private sealed class Driver
    {
        private delegate* unmanaged<int*, int, int> _device;
        private delegate* unmanaged<nint*, int, int> _retain;
        private delegate* unmanaged<int, int> _release;
        private delegate* unmanaged<nint, int> _push;
        private delegate* unmanaged<nint*, int> _pop;
        private delegate* unmanaged<nuint*, nuint*, int> _memory;

        internal static Driver? Load()
        {
            if (!NativeLibrary.TryLoad("libcuda.so.1", out var library)
                || !NativeLibrary.TryGetExport(library, "cuInit", out var init) || ((delegate* unmanaged<uint, int>)init)(0) != 0)
                return null;
            nint Find(string name) => NativeLibrary.TryGetExport(library, name, out var function) ? function : 0;
            nint[] functions = [Find("cuDeviceGet"), Find("cuDevicePrimaryCtxRetain"), Find("cuDevicePrimaryCtxRelease_v2"),
                Find("cuCtxPushCurrent_v2"), Find("cuCtxPopCurrent_v2"), Find("cuMemGetInfo_v2")];
            return functions.Contains(0) ? null : new Driver
            {
                _device = (delegate* unmanaged<int*, int, int>)functions[0],
                _retain = (delegate* unmanaged<nint*, int, int>)functions[1],
                _release = (delegate* unmanaged<int, int>)functions[2],
                _push = (delegate* unmanaged<nint, int>)functions[3],
                _pop = (delegate* unmanaged<nint*, int>)functions[4],
                _memory = (delegate* unmanaged<nuint*, nuint*, int>)functions[5],
            };
        }

        // In the device's primary context, which is the one that libtorch uses.
        internal (long Free, long Total)? Read(int ordinal)
        {
            int device;
            nint context, previous;
            nuint free, total;
            if (_device(&device, ordinal) != 0 || _retain(&context, device) != 0)
                return null;
            try
            {
                if (_push(context) != 0)
                    return null;
                var isRead = _memory(&free, &total) == 0;
                _ = _pop(&previous);
                return isRead ? ((long)free, (long)total) : null;
            }
            finally
            {
                _ = _release(device);
            }
        }
    }
}
