using System.Runtime.InteropServices;

namespace HieraVid.Pruning.Dpp;

/// <summary>Float memory outside the garbage collector's, aligned to cache lines. Its content is undefined at first.</summary>
internal sealed unsafe class FloatBlock(long count) : IDisposable
{
    internal float* Data { get; private set; } =
        (float*)NativeMemory.AlignedAlloc(checked((nuint)Math.Max(count, 16) * sizeof(float)), 64);

    public void Dispose()
    {
        NativeMemory.AlignedFree(Data);
        Data = null;
    }
}
