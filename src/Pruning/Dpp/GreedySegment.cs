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
/// No n × n kernel exists: of n = 3,785 tokens, 2,649 to keep, 6.5 of its 14.3 million elements are ever computed.
/// </summary>
internal sealed unsafe class GreedySegment : IDisposable
{
    // Picks between flushes: a panel of 64 rows of 4,000 tokens is 1 MB, the size of a core's L2 cache.
    private const int PanelRows = 64;

    // Rows of the kernel made at once, at most. A feature row that is read from memory serves them all.
    private const int BlockRows = 125;

    // Columns of a piece of work: 50 rows of 3,584 features are 717 KB.
    private const int Tile = 50;

    // Residual rows waiting, in floats: 256 MB.
    private const long WaitingFloats = 1L << 26;

    private readonly int _dimension, _stride, _keep, _threads, _waitingLimit;
    private readonly int[] _members;
    private readonly float[] _relevance;
    private readonly FloatBlock _vectors, _panel, _variance, _floor;
    private readonly FactorRows _factor;
    private readonly RowPool _rows;
    // By column: which token of the segment, and its residual row if it waits in the pool.
    private readonly int[] _token;
    private readonly nint[] _row;
    private readonly float* _d2;
    private readonly List<int> _order = [];
    private readonly List<float> _gain = [];
    private int _columns, _panelCount, _waiting, _picksAtLastBlock = -BlockRows;

    /// <summary>Makes the segment's vectors.</summary>
    /// <param name="features">The first feature row of all, <paramref name="dimension"/> floats each.</param>
    /// <param name="dimension">D.</param>
    /// <param name="relevance">Of all rows.</param>
    /// <param name="segment">Which rows, and how many to keep.</param>
    /// <param name="threads">The most threads to use; the selection does not depend on it.</param>
    internal GreedySegment(float* features, int dimension, float[] relevance, DppSegment segment, int threads)
    {
        (_members, _keep, _threads) = (segment.Members, segment.Keep, threads);
        _relevance = Array.ConvertAll(_members, member => relevance[member]);
        _columns = _members.Length;
        _dimension = Padding.ToVectors(dimension);
        // Rows at multiples of large powers of two would fall into the same few sets of the caches.
        var stride = _stride = _dimension + 16;
        var width = Padding.ToQuads(_columns);
        _vectors = new FloatBlock((long)_columns * _stride);
        _panel = new FloatBlock((long)PanelRows * width);
        _variance = new FloatBlock(width);
        _floor = new FloatBlock(width);
        _factor = new FactorRows(_keep);
        _rows = new RowPool(width);
        _waitingLimit = (int)Math.Max(2 * BlockRows, WaitingFloats / Math.Max(1, width));
        _token = [.. Enumerable.Range(0, _columns)];
        _row = new nint[_columns];
        var vectors = _vectors.Data;
        var floor = _floor.Data;
        var d2 = _d2 = _variance.Data;
        new Span<float>(d2, width).Fill(float.NegativeInfinity);
        new Span<float>(floor, width).Clear();
        const int piece = 32;
        Workers.For((_columns + piece - 1) / piece, threads, (double)_columns * dimension, p =>
        {
            for (var i = p * piece; i < Math.Min(_columns, (p + 1) * piece); i++)
            {
                var r = _relevance[i];
                floor[i] = Guard.Floor(r);
                var usable = UnitRows.Write(
                    features + (long)_members[i] * dimension, dimension, r, vectors + (long)i * stride, _dimension);
                if (usable && r * r > floor[i])
                    d2[i] = r * r;
            }
        });
    }

    private int Width => Padding.ToQuads(_columns);

    /// <summary>Selects. To be called once.</summary>
    internal DppSelection Run()
    {
        DropColumns();
        var best = float.NegativeInfinity;
        for (var i = 0; i < _columns; i++)
            best = Math.Max(best, _d2[i]);
        while (_order.Count < _keep && best > float.NegativeInfinity)
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
        var panel = _panel.Data;
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
        return Dpp.PanelRows.Finish(e, scale, _d2, _floor.Data, width);
    }

    private void Flush()
    {
        if (_panelCount == 0)
            return;
        _factor.Append(_panel.Data, Width, _panelCount, _columns, _threads);
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
        var panel = _panel.Data;
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
                (_d2[i], _floor.Data[i]) = (_d2[_columns], _floor.Data[_columns]);
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
        {
            new Span<float>(_vectors.Data + (long)from * _stride, _dimension)
                .CopyTo(new Span<float>(_vectors.Data + (long)to * _stride, _dimension));
            _factor.Move(from, to);
        }
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

    // The token whose turn it is, and others without a row among the highest d²: no more than there are places left, since
    // few of those further down will be picked.
    private int[] Likely(int first)
    {
        var left = Math.Min(_keep - _order.Count, _columns);
        // As many as are likely to be of use: twice what the last block led to before it missed a pick.
        var recent = Math.Max(4, 2 * (_order.Count - _picksAtLastBlock) / 5) * 5;
        _picksAtLastBlock = _order.Count;
        var wanted = Math.Min(Math.Min(recent, Math.Clamp(_columns / 20 * 5, 20, BlockRows)), left);
        var falling = new float[_columns];
        var columns = new int[_columns];
        for (var i = 0; i < _columns; i++)
            (falling[i], columns[i]) = (-_d2[i], i);
        Array.Sort(falling, columns);
        return [first, .. columns.Take(left).Where(i => _row[i] == 0 && i != first).Take(wanted - 1)];
    }

    // Residual rows for a token whose turn it is and for those that will probably be picked soon.
    private void MakeRows(int first)
    {
        var chosen = Likely(first);
        MakeRoom(chosen.Length);
        foreach (var i in chosen)
            _row[i] = (nint)_rows.Take();
        _waiting += chosen.Length;
        var work = (double)chosen.Length * _columns * (_dimension + _factor.Count);
        Workers.For((_columns + Tile - 1) / Tile, _threads, work, piece => MakeTile(chosen, piece * Tile));
        foreach (var i in chosen)
            new Span<float>((float*)_row[i] + _columns, Width - _columns).Clear();
    }

    private void MakeTile(int[] chosen, int begin)
    {
        var end = Math.Min(_columns, begin + Tile);
        var left = stackalloc float*[chosen.Length];
        var target = stackalloc float*[chosen.Length];
        for (var i = 0; i < chosen.Length; i++)
        {
            left[i] = _vectors.Data + (long)chosen[i] * _stride;
            target[i] = (float*)_row[chosen[i]] + begin;
            new Span<float>(target[i], end - begin).Clear();
        }
        var right = _vectors.Data + (long)begin * _stride;
        DotProducts.Accumulate(left, target, chosen.Length, right, _stride, end - begin, _dimension, 1);
        _factor.Subtract(chosen, target, begin, end);
    }

    // Gives up the waiting rows with the lowest d² once too many wait; they are made again if their tokens' turn comes.
    private void MakeRoom(int wanted)
    {
        if (_waiting + wanted <= _waitingLimit)
            return;
        var waiting = Enumerable.Range(0, _columns).Where(i => _row[i] != 0)
            .OrderBy(i => _d2[i]).ThenBy(i => _token[i]).ToList();
        foreach (var i in waiting.Take(Math.Max(wanted, waiting.Count / 2)))
            Release(i);
    }

    public void Dispose()
    {
        _vectors.Dispose();
        _panel.Dispose();
        _variance.Dispose();
        _floor.Dispose();
        _factor.Dispose();
        _rows.Dispose();
    }
}
