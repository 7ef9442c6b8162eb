namespace HieraVid.Torch.Training;

/// <summary>What happens to the CPU memory of tensors that are gone.</summary>
public static class FreedMemory
{
    /// <summary>
    /// Keeps so much of it for new tensors. A training step frees gigabytes that the next one needs again; given back to the
    /// system in between, every page would be zeroed each time.
    /// </summary>
    /// <param name="bytes">The most that is kept.</param>
    public static void Keep(long bytes)
    {
#if !TORCHSHARP
        TorchSharp.Native.hv_keep_memory(bytes);
#endif
    }
}
