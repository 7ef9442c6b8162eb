using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace HieraVid.Pruning.Dpp;

/// <summary>
/// The float memory that selecting from one segment needs, freed as a whole. It is the tensor library's: its large blocks are
/// used again and lie in huge pages, where fresh ones would cost a page fault each for every 4 KB.
/// </summary>
internal sealed unsafe class SegmentMemory : IDisposable
{
    // Residual rows of the kernel that may wait for their token's turn: 64 MB.
    private const long WaitingFloats = 1L << 24;

    private readonly List<Tensor> _blocks = [];

    /// <summary>Floats taken so far.</summary>
    internal long Taken { get; private set; }

    /// <summary>
    /// The most floats that are ever taken: rows of tokens (<see cref="TokenRows"/>), the panel, and the kernel's rows.
    /// </summary>
    /// <param name="tokens">n.</param>
    /// <param name="keep">k.</param>
    /// <param name="dimension">D.</param>
    internal static long Bound(int tokens, int keep, int dimension)
    {
        long stride = TokenRows.Stride(dimension, Guard.MostPicks(keep, dimension));
        long width = Padding.ToQuads(tokens);
        long rows = GreedySegment.PanelRows + 2 + Math.Min(tokens, WaitingRows((int)width)) + RowPool.SlabRows;
        return (tokens + GreedySegment.BlockRows) * stride + rows * width;
    }

    /// <summary>The most rows of the kernel that may wait.</summary>
    internal static int WaitingRows(int width) =>
        (int)Math.Max(2 * GreedySegment.BlockRows, WaitingFloats / Math.Max(1, width));

    /// <summary>Memory aligned to cache lines. Its content is undefined.</summary>
    internal float* Take(long count)
    {
        var block = empty([Math.Max(1, count)], ScalarType.Float32).DetachFromDisposeScope();
        _blocks.Add(block);
        Taken += count;
        // A span ends at 2 GiB, the block need not: only its address is taken.
        using var first = block.narrow(0, 0, 1).DetachFromDisposeScope();
        return (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(first.bytes));
    }

    public void Dispose()
    {
        foreach (var block in _blocks)
            block.Dispose();
        _blocks.Clear();
    }
}
