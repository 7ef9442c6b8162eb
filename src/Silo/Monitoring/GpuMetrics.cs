using System.Diagnostics.Metrics;
using System.Runtime.InteropServices;


/// <summary>
/// Utilisation and memory of NVIDIA's devices, from the driver's own library (NVML). Where there is no such library or
/// device, there is nothing to see and nothing fails.
/// </summary>
internal sealed unsafe class GpuMetrics : IDisposable
{
    private const string Library = "libnvidia-ml.so.1";

    private readonly IntPtr _library;
    private readonly IntPtr[] _devices = [];
    private readonly Meter? _meter;
    private readonly delegate* unmanaged<int> _shutdown;
    private readonly delegate* unmanaged<IntPtr, Utilisation*, int> _utilisation;
    private readonly delegate* unmanaged<IntPtr, Memory*, int> _memory;

    /// <summary>Begins to measure what is there; a reading is taken when metrics are read.</summary>
    public GpuMetrics()
    {
        if (!NativeLibrary.TryLoad(Library, out _library))
            return;
        var start = (delegate* unmanaged<int>)Function("nvmlInit_v2");
        var count = (delegate* unmanaged<uint*, int>)Function("nvmlDeviceGetCount_v2");
        var handle = (delegate* unmanaged<uint, IntPtr*, int>)Function("nvmlDeviceGetHandleByIndex_v2");
        _shutdown = (delegate* unmanaged<int>)Function("nvmlShutdown");
        _utilisation = (delegate* unmanaged<IntPtr, Utilisation*, int>)Function("nvmlDeviceGetUtilizationRates");
        _memory = (delegate* unmanaged<IntPtr, Memory*, int>)Function("nvmlDeviceGetMemoryInfo");
        if (start() != 0)
            return;
        uint devices;
        if (count(&devices) == 0)
        {
            _devices = new IntPtr[devices];
            for (uint i = 0; i < devices; i++)
            {
                IntPtr device;
                _devices[i] = handle(i, &device) == 0 ? device : IntPtr.Zero;
            }
        }
        _meter = new Meter("HieraVid.Gpu");
        _meter.CreateObservableGauge("hieravid.gpu.utilisation", Utilisations, "%", "Share of the last second in which the device computed.");
        _meter.CreateObservableGauge("hieravid.gpu.memory.used", () => Memories(memory => memory.Used), "By", "Memory of the device that is in use.");
        _meter.CreateObservableGauge("hieravid.gpu.memory.size", () => Memories(memory => memory.Total), "By", "Memory of the device.");
    }

    /// <summary>Devices that were found.</summary>
    public int Devices => _devices.Length;

    /// <summary>Devices that were found and do not answer any more.</summary>
    public int Lost => _devices.Count(device => !Answers(device));

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_meter is not null)
        {
            _meter.Dispose();
            _ = _shutdown();
        }
        if (_library != IntPtr.Zero)
            NativeLibrary.Free(_library);
    }

    private IntPtr Function(string name) => NativeLibrary.GetExport(_library, name);

    private List<Measurement<int>> Utilisations()
    {
        var all = new List<Measurement<int>>();
        for (var i = 0; i < _devices.Length; i++)
        {
            Utilisation reading;
            if (_devices[i] != IntPtr.Zero && _utilisation(_devices[i], &reading) == 0)
                all.Add(new Measurement<int>((int)reading.Gpu, Device(i)));
        }
        return all;
    }

    private List<Measurement<long>> Memories(Func<Memory, ulong> bytes)
    {
        var all = new List<Measurement<long>>();
        for (var i = 0; i < _devices.Length; i++)
        {
            Memory reading;
            if (_devices[i] != IntPtr.Zero && _memory(_devices[i], &reading) == 0)
                all.Add(new Measurement<long>((long)bytes(reading), Device(i)));
        }
        return all;
    }

    private bool Answers(IntPtr device)
    {
        Memory reading;
        return device != IntPtr.Zero && _memory(device, &reading) == 0;
    }

    private static KeyValuePair<string, object?> Device(int index) => new("device", index);

    private struct Utilisation
    {
        internal uint Gpu, Memory;
    }

    private struct Memory
    {
        internal ulong Total, Free, Used;
    }
}
