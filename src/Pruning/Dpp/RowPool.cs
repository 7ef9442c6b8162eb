namespace HieraVid.Pruning.Dpp;

/// <summary>Rows of equal length, made when they are first needed and used again when they are given back.</summary>
/// <param name="length">Floats per row.</param>
/// <param name="memory">Where they come from and go with.</param>
internal sealed unsafe class RowPool(int length, SegmentMemory memory)
{
    // Small segments need few rows; a slab of 16 rows of a long one is still only some 2 MB.
    internal const int SlabRows = 16;

    private readonly Stack<nint> _free = [];

    internal float* Take()
    {
        if (_free.Count == 0)
        {
            var slab = memory.Take((long)SlabRows * length);
            for (var i = SlabRows - 1; i >= 0; i--)
                _free.Push((nint)(slab + (long)i * length));
        }
        return (float*)_free.Pop();
    }

    internal void Return(float* row) => _free.Push((nint)row);
}
