using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace HieraVid.Torch;

/// <summary>Where a tensor's values lie.</summary>
internal static unsafe partial class TensorMemory
{
    /// <summary>The first value of a contiguous CPU tensor, of any size; valid while the tensor lives.</summary>
    internal static byte* Pointer(Tensor tensor) => (byte*)THSTensor_data(tensor.Handle);

    // TorchSharp's own way, Tensor.bytes, ends at 2 GiB.
    [LibraryImport("LibTorchSharp")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint THSTensor_data(nint tensor);
}
