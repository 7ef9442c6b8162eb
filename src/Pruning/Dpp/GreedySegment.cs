namespace HieraVid.Pruning.Dpp;

/// <summary>
/// Exact greedy MAP inference for one segment. Greedy selection is Cholesky factorisation with diagonal pivoting; this
/// arranges it so that nearly all arithmetic is in blocks of dot products:
/// <list type="bullet">
/// <item>rows of the kernel are made for blocks of the tokens with the highest d² now, most of which are picked soon, less
/// what the picks so far explain of them ("residual rows");</item>
/// <item>a pick needs only its residual row and the panel of picks since the last flush, and updates every d², so each
/// argmax is exact; if it falls on a token without a row, the next block of rows is made, that token included;</item>
/// <item>a flush moves the panel into the factor, takes it out of the waiting residual rows and drops the columns of tokens
/// that are selected or spent: nothing is computed for them again.</item>
/// </list>
/// No n × n kernel exists: of n = 3,785 tokens, 2,649 to keep, 7.0 of its 14.3 million elements are ever computed.
/// </summary>
internal sealed unsafe class GreedySegment : IDisposable
{
    // Picks between flushes: a panel of 64 rows of 4,000 tokens is 1 MB, the size of a core's L2 cache.
    internal const int PanelRows = 64;

    // Rows of the kernel made at once. More rows need less of the memory's bandwidth, but of those made ahead more are never
    // picked: of n = 2,649 tokens, 1,139 to keep, 25 at a time take 1.16 times the elements that the picks need, 125 1.5 times.
    internal const int BlockRows = 25;

    // Columns of a piece of work.
    private const int Tile = 40;

    private readonly int _keep, _most, _threads, _waitingLimit;
    private readonly int[] _members;
    private readonly float[] _relevance;
    private readonly SegmentMemory _memory = new();
    private readonly TokenRows _tokens;
    private readonly RowPool _rows;
    private readonly float* _block, _panel, _d2, _floor;
    // By column: which token of the segment, and its residual row if it waits in the pool.
    private readonly int[] _token;
    private readonly nint[] _row;
    private readonly List<int> _order = [];
    private readonly List<float> _gain = [];
    private int _columns, _panelCount, _waiting;

    /// <summary>Makes the segment's vectors.</summary>
    /// <param name="features">The features of all segments.</param>
    /// <param name="relevance">Of all rows.</param>
    /// <param name="segment">Which rows, and how many to keep.</param>
    /// <param name="threads">The most threads to use; the selection does not depend on it.</param>
    /// <param name="waitingRows">The most rows of the kernel that may wait, if not as many as the memory's bound allows.</param>
    internal GreedySegment(
        FeatureRows features, float[] relevance, DppSegment segment, int threads, int? waitingRows = null)
    {
        (_members, _keep, _threads) = (segment.Members, segment.Keep, threads);
        _most = Guard.MostPicks(_keep, features.Dimension);
        _relevance = Array.ConvertAll(_members, member => relevance[member]);
        _columns = _members.Length;
        var width = Padding.ToQuads(_columns);
        _tokens = new TokenRows(_columns, features.Dimension, _most, _memory);
        _block = _memory.Take((long)BlockRows * _tokens.RowStride);
        _panel = _memory.Take((long)PanelRows * width);
        _d2 = _memory.Take(width);
        _floor = _memory.Take(width);
        _rows = new RowPool(width, _memory);
        _waitingLimit = waitingRows ?? SegmentMemory.WaitingRows(width);
        _token = [.. Enumerable.Range(0, _columns)];
        _row = new nint[_columns];
        new Span<float>(_d2, width).Fill(float.NegativeInfinity);
        new Span<float>(_floor, width).Clear();
        const int piece = 32;
        Workers.For((_columns + piece - 1) / piece, threads, (double)_columns * features.Dimension, p =>
        {
            for (var i = p * piece; i < Math.Min(_columns, (p + 1) * piece); i++)
            {
                var r = _relevance[i];
                _floor[i] = Guard.Floor(r);
                if (features.WriteUnit(_members[i], r, _tokens.Row(i)) && r * r > _floor[i])
                    _d2[i] = r * r;
            }
        });
    }

    /// <summary>Floats taken so far, at most <see cref="SegmentMemory.Bound"/>.</summary>
    internal long FloatsTaken => _memory.Taken;

    /// <summary>Rows of the kernel that were made and had to give way.</summary>
    internal int RowsGivenUp { get; private set; }

    private int Width => Padding.ToQuads(_columns);

    /// <summary>Selects. To be called once.</summary>
    internal DppSelection Run()
    {
        DropColumns();
        var best = float.NegativeInfinity;
        for (var i = 0; i < _columns; i++)
            best = Math.Max(best, _d2[i]);
        while (_order.Count < _most && best > float.NegativeInfinity)
        {
            var j = FirstWith(best);
            if (_row[j] == 0)
            {
                Flush();
                MakeRows(FirstWith(best));
                continue;
            }
            best = Pick(j);
            if (_panelCount == PanelRows)
                Flush();
        }
        var order = new int[_keep];
        _order.CopyTo(order);
        Guard.Fill(order, _order.Count, _relevance);
        var gain = new float[_keep];
        _gain.CopyTo(gain);
        return new DppSelection(Array.ConvertAll(order, i => _members[i]), gain);
    }

    // Columns are in no particular order: of equal ones the token with the lowest index counts.
    private int FirstWith(float best)
    {
        var found = -1;
        var d2 = new ReadOnlySpan<float>(_d2, _columns);
        for (var i = d2.IndexOf(best); i >= 0;)
        {
            if (found < 0 || _token[i] < _token[found])
                found = i;
            var next = d2[(i + 1)..].IndexOf(best);
            i = next < 0 ? -1 : i + 1 + next;
        }
        return found;
    }

    // e_i = (L_ji − Σ c_t[j]·c_t[i]) / √d²_j, d²_i −= e_i². The sum over the picks before this panel is already in the row.
    private float Pick(int j)
    {
        var weights = stackalloc float[PanelRows];
        var panel = _panel;
        var width = Width;
        for (var t = 0; t < _panelCount; t++)
            weights[t] = panel[(nint)t * width + j];
        var row = (float*)_row[j];
        var e = panel + (nint)_panelCount * width;
        Dpp.PanelRows.Subtract(row, e, weights, panel, width, _panelCount, 0, width);
        _rows.Return(row);
        _row[j] = 0;
        _waiting--;
        _panelCount++;
        _order.Add(_token[j]);
        _gain.Add(_d2[j]);
        var scale = 1 / MathF.Sqrt(_d2[j]);
        _d2[j] = float.NegativeInfinity;
        return Dpp.PanelRows.Finish(e, scale, _d2, _floor, width);
    }

    private void Flush()
    {
        if (_panelCount == 0)
            return;
        _tokens.Append(_panel, Width, _panelCount, _columns, _threads);
        UpdateWaiting();
        _panelCount = 0;
        DropColumns();
    }

    // Takes the panel's picks out of the residual rows that wait, in pieces of columns whose part of the panel stays in L2.
    private void UpdateWaiting()
    {
        var waiting = new List<int>();
        for (var i = 0; i < _columns; i++)
            if (_row[i] != 0 && _d2[i] > float.NegativeInfinity)
                waiting.Add(i);
        var panel = _panel;
        var (width, count) = (Width, _panelCount);
        const int piece = 512;
        Workers.For((width + piece - 1) / piece, _threads, (double)waiting.Count * width * count, p =>
        {
            var weights = stackalloc float[4 * PanelRows];
            var rows = stackalloc float*[4];
            var end = Math.Min(width, (p + 1) * piece);
            for (int at = 0, group; at < waiting.Count; at += group)
            {
                group = waiting.Count - at >= 4 ? 4 : 1;
                for (var r = 0; r < group; r++)
                {
                    rows[r] = (float*)_row[waiting[at + r]];
                    for (var t = 0; t < count; t++)
                        weights[group * t + r] = panel[(nint)t * width + waiting[at + r]];
                }
                if (group == 4)
                    Dpp.PanelRows.SubtractFour(rows, weights, panel, width, count, p * piece, end);
                else
                    Dpp.PanelRows.Subtract(rows[0], rows[0], weights, panel, width, count, p * piece, end);
            }
        });
    }

    // Puts the last columns in the place of those that are selected or spent. The panel must be empty.
    private void DropColumns()
    {
        var rows = new List<nint>();
        var dropped = new List<(int From, int To)>();
        for (var i = 0; i < _columns; i++)
        {
            while (i < _columns && _d2[i] == float.NegativeInfinity)
            {
                Release(i);
                _columns--;
                if (i == _columns)
                    break;
                (_d2[i], _floor[i]) = (_d2[_columns], _floor[_columns]);
                (_token[i], _row[i]) = (_token[_columns], _row[_columns]);
                (_d2[_columns], _row[_columns]) = (float.NegativeInfinity, 0);
                if (_d2[i] > float.NegativeInfinity)
                    dropped.Add((_columns, i));
                else
                    Release(i);
            }
        }
        for (var i = 0; i < _columns; i++)
            if (_row[i] != 0)
                rows.Add(_row[i]);
        foreach (var (from, to) in dropped)
            _tokens.Move(from, to);
        foreach (float* row in rows)
            foreach (var (from, to) in dropped)
                row[to] = row[from];
    }

    private void Release(int column)
    {
        if (_row[column] == 0)
            return;
        _rows.Return((float*)_row[column]);
        _row[column] = 0;
        _waiting--;
    }

    // The token whose turn it is, and those of the others without a row that have the highest d²: most of them will be picked
    // soon. No more than there are places left.
    private int[] Likely(int first)
    {
        var wanted = Math.Min(BlockRows, _most - _order.Count);
        // The lowest of the best so far comes out first; of equal ones the one that is found last, so that none is counted on.
        var best = new PriorityQueue<int, float>(wanted);
        var least = float.NegativeInfinity;
        for (var i = 0; i < _columns && wanted > 1; i++)
        {
            if (_d2[i] <= least || _row[i] != 0 || i == first)
                continue;
            if (best.Count < wanted - 1)
                best.Enqueue(i, _d2[i]);
            else
                best.EnqueueDequeue(i, _d2[i]);
            if (best.Count == wanted - 1 && best.TryPeek(out _, out var lowest))
                least = lowest;
        }
        return [first, .. best.UnorderedItems.Select(item => item.Element)];
    }

    // Residual rows for a token whose turn it is and for those that will probably be picked soon.
    private void MakeRows(int first)
    {
        var chosen = Likely(first);
        MakeRoom(chosen.Length);
        for (var r = 0; r < chosen.Length; r++)
        {
            _row[chosen[r]] = (nint)_rows.Take();
            _tokens.CopyTurned(chosen[r], _block + (long)r * _tokens.RowStride);
        }
        _waiting += chosen.Length;
        var work = (double)chosen.Length * _columns * _tokens.Length;
        Workers.For((_columns + Tile - 1) / Tile, _threads, work, piece => MakeTile(chosen, piece * Tile));
        foreach (var i in chosen)
            new Span<float>((float*)_row[i] + _columns, Width - _columns).Clear();
    }

    private void MakeTile(int[] chosen, int begin)
    {
        var target = stackalloc float*[chosen.Length];
        for (var r = 0; r < chosen.Length; r++)
            target[r] = (float*)_row[chosen[r]] + begin;
        var stride = _tokens.RowStride;
        DotProducts.Multiply(_block, stride, chosen.Length, _tokens.Row(begin), stride, Math.Min(Tile, _columns - begin),
            _tokens.Length, target);
    }

    // Gives up the waiting rows with the lowest d² once too many wait; they are made again if their tokens' turn comes.
    private void MakeRoom(int wanted)
    {
        if (_waiting + wanted <= _waitingLimit)
            return;
        var waiting = Enumerable.Range(0, _columns).Where(i => _row[i] != 0)
            .OrderBy(i => _d2[i]).ThenBy(i => _token[i]).ToList();
        foreach (var i in waiting.Take(Math.Max(wanted, waiting.Count / 2)))
        {
            Release(i);
            RowsGivenUp++;
        }
    }

    public void Dispose() => _memory.Dispose();
}
