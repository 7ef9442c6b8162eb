using System.Globalization;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>The CPU.</summary>
    public static readonly Device CPU = new(DeviceType.CPU);

    /// <summary>A device and, for GPUs, its ordinal.</summary>
    public sealed class Device
    {
        /// <summary>A device by type; <paramref name="index"/> -1 is the current one.</summary>
        public Device(DeviceType type, int index = -1)
        {
            this.type = type;
            this.index = index;
        }

        /// <summary>A device by name: <c>cpu</c>, <c>cuda</c>, <c>cuda:N</c> or <c>meta</c>, which has shapes but no values.</summary>
        /// <exception cref="ArgumentException">The name is of another form.</exception>
        public Device(string description)
        {
            var parts = description.Split(':');
            type = parts[0] switch
            {
                "cpu" => DeviceType.CPU,
                "cuda" => DeviceType.CUDA,
                "meta" => DeviceType.META,
                _ => throw new ArgumentException($"'{description}' is not a device: use cpu, cuda or cuda:N."),
            };
            index = parts.Length == 1 ? -1 : int.Parse(parts[1], CultureInfo.InvariantCulture);
        }

        /// <summary>CPU or CUDA.</summary>
        public DeviceType type { get; }

        /// <summary>The ordinal, or -1.</summary>
        public int index { get; }

        /// <inheritdoc/>
        public override string ToString()
        {
            var name = type switch { DeviceType.CPU => "cpu", DeviceType.CUDA => "cuda", _ => "meta" };
            return index < 0 ? name : $"{name}:{index}";
        }
    }

    /// <summary>A device by name: <c>cpu</c>, <c>cuda</c>, <c>cuda:N</c> or <c>meta</c>, which has shapes but no values.</summary>
    public static Device device(string description) => new(description);

    /// <summary>What concerns CUDA devices.</summary>
    public static class cuda
    {
        /// <summary>True when libtorch was built with CUDA and sees a device.</summary>
        public static bool is_available() => device_count() > 0;

        /// <summary>The number of CUDA devices that libtorch sees.</summary>
        public static int device_count() => Native.hv_cuda_device_count();

        /// <summary>Waits until the current device has finished all work queued so far.</summary>
        public static void synchronize(long seconds = 0)
        {
            if (Native.hv_cuda_synchronize((int)seconds) != 0)
                throw TorchException.For("cuda.synchronize", []);
        }
    }
}
