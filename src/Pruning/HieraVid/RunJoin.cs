using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>
/// Adds up the parts of runs that cross chunk borders, in one pass over the chunks in order of their frames.
/// </summary>
/// <remarks>
/// The positions open at a border are those that the next chunk has an incoming part for, in the same order, so the
/// parts of a border are added as whole matrices.
/// </remarks>
internal sealed class RunJoin
{
    private readonly List<(int Row, int Size)> _finished = [];
    private readonly List<Tensor> _means = [];
    private readonly ScalarType _type;
    private readonly Device _device;
    private List<OpenRun> _open = [];
    private OrderFreeSum? _sum;

    /// <summary>Runs through all chunks. Tensors belong to the caller's dispose scope.</summary>
    /// <param name="ordered">By first frame, without gaps.</param>
    internal RunJoin(List<MergedChunk> ordered)
    {
        (_type, _device) = (ordered[0].Values.dtype, ordered[0].Values.device);
        var firstRow = 0;
        for (var i = 0; i < ordered.Count; i++)
        {
            Continue(ordered[i], goesOn: i + 1 < ordered.Count ? [.. ordered[i + 1].Incoming.Positions] : []);
            Open(ordered[i], firstRow);
            firstRow += ordered[i].Origins.Length;
        }
        if (_open.Count > 0)
            throw PruningException.BadChunks($"a run at position {_open[0].Position} goes on after the last frame");
    }

    /// <summary>Row among all chunks' tokens and final group size of every run that crossed a border.</summary>
    internal IReadOnlyList<(int Row, int Size)> Finished => _finished;

    /// <summary>Their means, in the same order.</summary>
    internal IReadOnlyList<Tensor> Means => _means;

    // Adds a chunk's incoming part to the open runs and finishes those that end in it.
    private void Continue(MergedChunk chunk, HashSet<int> goesOn)
    {
        var incoming = chunk.Incoming;
        if (!incoming.Positions.SequenceEqual(_open.Select(run => run.Position)))
            throw PruningException.BadChunks($"the runs at frame {chunk.FirstFrame} don't meet those before it");
        if (_sum is null || _open.Count == 0)
            return;
        _sum = OrderFreeSum.Add(_sum, incoming.Sum);
        for (var i = 0; i < _open.Count; i++)
            _open[i] = _open[i] with { Size = _open[i].Size + incoming.Counts[i] };

        var (ended, stay) = (new List<long>(), new List<long>());
        for (var i = 0; i < _open.Count; i++)
            (incoming.Counts[i] == chunk.FrameCount && goesOn.Contains(_open[i].Position) ? stay : ended).Add(i);
        foreach (var i in ended)
            _finished.Add((_open[(int)i].Row, _open[(int)i].Size));
        if (ended.Count > 0)
            _means.Add(MergeRuns.Mean(_sum.Rows(Index(ended)), [.. ended.Select(i => _open[(int)i].Size)], _type));
        _open = [.. stay.Select(i => _open[(int)i])];
        _sum = _sum.Rows(Index(stay));
    }

    // Adds the runs that begin in a chunk and leave it.
    private void Open(MergedChunk chunk, int firstRow)
    {
        var (positions, counts, sum) = chunk.Outgoing;
        if (positions.Length == 0)
            return;
        var rowOf = Rows(chunk);
        var runs = _open.Concat(positions.Select((p, i) => new OpenRun(p, firstRow + rowOf[p], counts[i]))).ToList();
        var joined = _sum is null || _open.Count == 0 ? sum : OrderFreeSum.Concatenate(_sum, sum);
        List<long> order = [.. Enumerable.Range(0, runs.Count).OrderBy(i => runs[i].Position).Select(i => (long)i)];
        _open = [.. order.Select(i => runs[(int)i])];
        _sum = joined.Rows(Index(order));
    }

    // The chunk's last run at each position.
    private static Dictionary<int, int> Rows(MergedChunk chunk)
    {
        var rows = new Dictionary<int, int>();
        for (var row = 0; row < chunk.Origins.Length; row++)
            rows[chunk.Origins[row] % chunk.FramePositions] = row;
        return rows;
    }

    private Tensor Index(List<long> rows) => TensorData.From<long>([.. rows], rows.Count).to(_device);

    private readonly record struct OpenRun(int Position, int Row, int Size);
}
