using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>
/// Replaces each run of merging tokens at one position by its mean, at the place of the run's first token
/// (HieraVid, Eq. 3; specification, A5). Runs ignore segment borders and chunk borders.
/// </summary>
public static class MergeRuns
{
    // Runs summed at once: bounds the float64 working memory and keeps it in the cache.
    private const long BlockElements = 1L << 18;

    /// <summary>Merges one chunk.</summary>
    /// <param name="chunk">The tokens; the frame before them is not looked at.</param>
    /// <param name="merge">Which tokens of the video merge.</param>
    /// <returns>Owned by the caller's dispose scope.</returns>
    public static PrunedChunk Apply(TokenChunk chunk, MergeSelection merge)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var flat = chunk.Tokens.reshape((long)chunk.FrameCount * chunk.Positions, chunk.Width);
        var runs = MergeRunList.Of(chunk.FirstFrame, chunk.FrameCount, chunk.Positions, merge.Merged);
        var offset = chunk.FirstFrame * chunk.Positions;
        var outgoing = runs.Own.Where(run => run.GoesOn).OrderBy(run => run.Row % chunk.Positions).ToList();
        var result = new PrunedChunk(chunk.FirstFrame, chunk.FrameCount, chunk.Positions,
            [.. runs.Own.Select(run => run.Row + offset)], [.. runs.Own.Select(run => run.Length)],
            Values(flat, runs.Own, chunk.Positions))
        {
            Incoming = Part(flat, runs.Incoming, chunk.Positions),
            Outgoing = Part(flat, outgoing, chunk.Positions),
        };
        result.Values.MoveToOuterDisposeScope();
        result.Incoming.Sum.MoveToOuterDisposeScope();
        result.Outgoing.Sum.MoveToOuterDisposeScope();
        return result;
    }

    /// <summary>Sums to means: divided in float64, rounded to float32, then to the tokens' type.</summary>
    internal static Tensor Mean(OrderFreeSum sum, int[] counts, ScalarType type)
    {
        using var scope = NewDisposeScope();
        double[] divisors = [.. counts];
        var mean = sum.High / TensorData.From<double>(divisors, counts.Length, 1).to(sum.High.device);
        return mean.to(float32).to(type).MoveToOuterDisposeScope();
    }

    // Means of the runs that end in the chunk, first tokens of the others.
    private static Tensor Values(Tensor flat, List<MergeRun> runs, int positions)
    {
        List<int> several = [.. Enumerable.Range(0, runs.Count).Where(i => runs[i].Length > 1 && !runs[i].GoesOn)];
        // Longest first, so that the runs that still have a j-th token are always the leading rows.
        several.Sort((x, y) => (runs[y].Length, x).CompareTo((runs[x].Length, y)));
        var rows = runs.Select(run => (long)run.Row).ToArray();
        if (several.Count == 0)
            return flat.index_select(0, Index(rows, flat));

        HashSet<int> merged = [.. several];
        List<int> single = [.. Enumerable.Range(0, runs.Count).Where(i => !merged.Contains(i))];
        var place = new long[runs.Count];
        for (var i = 0; i < runs.Count; i++)
            place[i < single.Count ? single[i] : several[i - single.Count]] = i;
        List<Tensor> pieces = [];
        if (single.Count > 0)
            pieces.Add(flat.index_select(0, Index([.. single.Select(i => rows[i])], flat)));
        if (flat.device.type == TorchSharp.DeviceType.CPU)
        {
            var means = RunMeans.Of(Rows.Wide(flat), [.. several.Select(i => runs[i])], positions, Math.Max(1, get_num_threads()));
            pieces.Add(means.to(flat.dtype));
            return cat(pieces, 0).index_select(0, Index(place, flat));
        }
        foreach (var block in several.Chunk((int)Math.Max(1, BlockElements / flat.shape[1])))
        {
            using var sum = Sum(flat, [.. block.Select(i => runs[i])], positions);
            pieces.Add(Mean(sum, [.. block.Select(i => runs[i].Length)], flat.dtype));
        }
        return cat(pieces, 0).index_select(0, Index(place, flat));
    }

    private static RunPart Part(Tensor flat, List<MergeRun> runs, int positions)
    {
        List<int> byLength = [.. Enumerable.Range(0, runs.Count).OrderByDescending(i => runs[i].Length)];
        var sum = Sum(flat, [.. byLength.Select(i => runs[i])], positions);
        var place = new long[runs.Count];
        for (var i = 0; i < place.Length; i++)
            place[byLength[i]] = i;
        return new RunPart([.. runs.Select(run => run.Row % positions)], [.. runs.Select(run => run.Length)],
            sum.Rows(Index(place, flat)));
    }

    // Sums of runs that are sorted by length, longest first.
    private static OrderFreeSum Sum(Tensor flat, List<MergeRun> runs, int positions)
    {
        using var scope = NewDisposeScope();
        var high = Terms(flat, runs, 0, runs.Count, positions).to(float64);
        var sum = new OrderFreeSum(high, zeros(high.shape, float64, high.device));
        var active = runs.Count;
        for (var j = 1; ; j++)
        {
            while (active > 0 && runs[active - 1].Length <= j)
                active--;
            if (active == 0)
                break;
            sum.AddRows(Terms(flat, runs, j, active, positions));
        }
        sum.High.MoveToOuterDisposeScope();
        sum.Low.MoveToOuterDisposeScope();
        return sum;
    }

    private static Tensor Terms(Tensor flat, List<MergeRun> runs, int j, int count, int positions)
    {
        var rows = new long[count];
        for (var i = 0; i < count; i++)
            rows[i] = runs[i].Row + (long)j * positions;
        return flat.index_select(0, Index(rows, flat));
    }

    private static Tensor Index(long[] rows, Tensor like) => TensorData.From<long>(rows, rows.Length).to(like.device);
}
