using System.Runtime.InteropServices;

namespace HieraVid.Pruning.Dpp;

/// <summary>
/// The Cholesky factor by token: row i holds c_t[i] for every pick t so far, contiguously, so that a product of two rows is
/// what the earlier picks take from an element of the kernel, and a token that is out can be replaced by another one with
/// one copy. Stored in blocks of columns that are made as the picks come, for the tokens that are left by then.
/// </summary>
/// <param name="most">The most picks there will be.</param>
internal sealed unsafe class FactorRows(int most) : IDisposable
{
    // Columns of a block: long rows make for fast products, short ones waste less of a block that is not full.
    private readonly int _width = Math.Min(1024, Padding.ToVectors(Math.Max(1, most)));

    // Rows at multiples of large powers of two would fall into the same few sets of the caches.
    private readonly int _stride = Math.Min(1024, Padding.ToVectors(Math.Max(1, most))) + 16;

    private readonly List<FloatBlock> _blocks = [];

    /// <summary>Number of picks, the length of a row.</summary>
    internal int Count { get; private set; }

    /// <summary>Appends rows of a panel (pick by pick) as columns.</summary>
    /// <param name="panel">[count, stride].</param>
    /// <param name="stride">Elements from a panel row to the next.</param>
    /// <param name="count">Picks in the panel.</param>
    /// <param name="tokens">Tokens that are left.</param>
    /// <param name="threads">The most threads to use.</param>
    internal void Append(float* panel, int stride, int count, int tokens, int threads)
    {
        while (_blocks.Count * _width < Count + count)
        {
            var block = new FloatBlock((long)tokens * _stride);
            // Products run over whole vectors: what is not written yet must be zero.
            NativeMemory.Clear(block.Data, (nuint)((long)tokens * _stride * sizeof(float)));
            _blocks.Add(block);
        }
        const int tile = 256;
        Workers.For((tokens + tile - 1) / tile, threads, 4.0 * tokens * count, piece =>
        {
            var end = Math.Min(tokens, (piece + 1) * tile);
            for (var t = 0; t < count;)
            {
                var column = (Count + t) % _width;
                var part = Math.Min(count - t, _width - column);
                var to = _blocks[(Count + t) / _width].Data + column;
                for (var i = piece * tile; i < end; i++)
                    for (var s = 0; s < part; s++)
                        to[(nint)i * _stride + s] = panel[(nint)(t + s) * stride + i];
                t += part;
            }
        });
        Count += count;
    }

    /// <summary>Token <paramref name="to"/> becomes token <paramref name="from"/>.</summary>
    internal void Move(int from, int to)
    {
        for (var b = 0; b < _blocks.Count; b++)
        {
            var used = Math.Min(_width, Count - b * _width);
            new Span<float>(_blocks[b].Data + (nint)from * _stride, used)
                .CopyTo(new Span<float>(_blocks[b].Data + (nint)to * _stride, used));
        }
    }

    /// <summary>target[i][j − begin] −= row(tokens[i]) · row(j), for j in [begin, end).</summary>
    internal void Subtract(ReadOnlySpan<int> tokens, float** target, int begin, int end)
    {
        var left = stackalloc float*[tokens.Length];
        for (var b = 0; b < _blocks.Count; b++)
        {
            var data = _blocks[b].Data;
            for (var i = 0; i < tokens.Length; i++)
                left[i] = data + (nint)tokens[i] * _stride;
            var used = Padding.ToVectors(Math.Min(_width, Count - b * _width));
            DotProducts.Accumulate(left, target, tokens.Length, data + (nint)begin * _stride, _stride, end - begin, used, -1);
        }
    }

    public void Dispose()
    {
        foreach (var block in _blocks)
            block.Dispose();
    }
}
