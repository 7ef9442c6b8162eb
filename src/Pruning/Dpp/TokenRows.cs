using System.Runtime.CompilerServices;

namespace HieraVid.Pruning.Dpp;

/// <summary>
/// One row per token that is left: its vector v_i, and behind it its part of the Cholesky factor, c_t[i] for every pick t so
/// far. What the picks leave of an element of the kernel, v_i·v_j − Σ c_t[i]·c_t[j], is then a single product of two rows, one
/// with the sign of its second half turned, and a token that is out is replaced by another one with one copy.
/// </summary>
internal sealed unsafe class TokenRows
{
    private readonly float* _rows;
    private readonly int _vector, _stride;

    /// <summary>Rows without picks; the vectors are to be written.</summary>
    /// <param name="tokens">Number of tokens.</param>
    /// <param name="dimension">D.</param>
    /// <param name="most">The most picks there will be.</param>
    /// <param name="memory">Where the rows come from.</param>
    internal TokenRows(int tokens, int dimension, int most, SegmentMemory memory)
    {
        _vector = Padding.ToVectors(dimension);
        _stride = Stride(dimension, most);
        _rows = memory.Take((long)tokens * _stride);
    }

    /// <summary>Picks so far.</summary>
    internal int Count { get; private set; }

    /// <summary>Elements of a row that are in use, whole vectors.</summary>
    internal int Length => _vector + Padding.ToVectors(Count);

    /// <summary>Elements from a row to the next.</summary>
    internal int RowStride => _stride;

    /// <summary>Elements from a row to the next, for D dimensions and at most so many picks.</summary>
    internal static int Stride(int dimension, int most)
    {
        var stride = Padding.ToVectors(dimension) + Padding.ToVectors(most);
        // Rows at multiples of a page would fall into the same few sets of the first cache.
        return stride % 1024 is < 16 or > 1008 ? stride + 32 : stride;
    }

    internal float* Row(int token) => _rows + (long)token * _stride;

    /// <summary>Appends the rows of a panel, one per pick.</summary>
    /// <param name="panel">[count, stride].</param>
    /// <param name="stride">Elements from a panel row to the next.</param>
    /// <param name="count">Picks in the panel.</param>
    /// <param name="tokens">Tokens that are left.</param>
    /// <param name="threads">The most threads to use.</param>
    internal void Append(float* panel, int stride, int count, int tokens, int threads)
    {
        const int tile = 256;
        Workers.For((tokens + tile - 1) / tile, threads, 4.0 * tokens * count,
            piece => AppendTile(panel, stride, count, piece * tile, Math.Min(tokens, (piece + 1) * tile)));
        Count += count;
    }

    /// <summary>Token <paramref name="to"/> becomes token <paramref name="from"/>.</summary>
    internal void Move(int from, int to) => new Span<float>(Row(from), Length).CopyTo(new Span<float>(Row(to), Length));

    /// <summary>Copies a token's row with the factor's part negated.</summary>
    internal void CopyTurned(int token, float* to)
    {
        var row = Row(token);
        new Span<float>(row, _vector).CopyTo(new Span<float>(to, _vector));
        for (var i = _vector; i < Length; i++)
            to[i] = -row[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AppendTile(float* panel, int stride, int count, int begin, int end)
    {
        // Products run over whole vectors: what follows the last pick must be zero.
        var padding = Padding.ToVectors(Count + count) - Count - count;
        for (var i = begin; i < end; i++)
        {
            var to = Row(i) + _vector + Count;
            for (var t = 0; t < count; t++)
                to[t] = panel[(nint)t * stride + i];
            new Span<float>(to + count, padding).Clear();
        }
    }
}
