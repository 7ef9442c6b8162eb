using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>What one piece of a video adds to merges that cross its borders, one row per position.</summary>
/// <param name="Positions">Positions, ascending, [n].</param>
/// <param name="Counts">Tokens summed, [n].</param>
/// <param name="Sum">Their sum, [n, D].</param>
public sealed record RunPart(int[] Positions, int[] Counts, OrderFreeSum Sum) : IDisposable
{
    /// <summary>
    /// What a piece and all after it add to the merges that began before it: the pieces are gone through from the last
    /// to the first, so that a token's merge is complete when its own piece is reached.
    /// </summary>
    /// <param name="piece">The piece.</param>
    /// <param name="next">What the pieces after it add; null after the last.</param>
    /// <returns>Null where nothing crosses the piece's first border.</returns>
    public static RunPart? Carry(PrunedChunk piece, RunPart? next)
    {
        if (piece.Incoming is not { Positions.Length: > 0 } incoming)
            return null;
        // A merge that came in goes on only if it holds every frame of the piece.
        return incoming.PlusWhere(next, count => count == piece.FrameCount);
    }

    /// <summary>Adds what the later pieces have for each of these merges, all of which go on.</summary>
    internal RunPart Plus(RunPart? next, int lastFrame)
    {
        if (next is null || Positions.Except(next.Positions).Any())
        {
            var position = Positions.Except(next?.Positions ?? []).First();
            throw PruningException.BadChunks($"a run at position {position} goes on after frame {lastFrame}");
        }
        return PlusWhere(next, _ => true);
    }

    /// <inheritdoc/>
    public void Dispose() => Sum.Dispose();

    private RunPart PlusWhere(RunPart? next, Func<int, bool> goesOn)
    {
        using var scope = NewDisposeScope();
        var (own, other, counts) = (new List<long>(), new List<long>(), Counts.ToArray());
        var order = new long[Positions.Length];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
            var j = next is null ? -1 : Array.BinarySearch(next.Positions, Positions[i]);
            if (j < 0 || !goesOn(Counts[i]))
                continue;
            order[i] = order.Length + own.Count;
            counts[i] += next!.Counts[j];
            own.Add(i);
            other.Add(j);
        }
        var sum = Sum;
        if (own.Count > 0)
            sum = OrderFreeSum.Concatenate(Sum, OrderFreeSum.Add(Sum.Rows(Index(own)), next!.Sum.Rows(Index(other))));
        return new RunPart(Positions, counts, sum.Rows(Index([.. order])).MoveToOuterDisposeScope());
    }

    private Tensor Index(List<long> rows) =>
        TensorData.From<long>([.. rows], rows.Count).to(Sum.High.device);
}
