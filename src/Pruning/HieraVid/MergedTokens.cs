using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>What one chunk adds to runs that cross its borders, one row per position of the chunk.</summary>
/// <param name="Positions">Positions, ascending, [n].</param>
/// <param name="Counts">Tokens summed, [n].</param>
/// <param name="Sum">Their sum, [n, D].</param>
public sealed record RunPart(int[] Positions, int[] Counts, OrderFreeSum Sum);

/// <summary>
/// A chunk after merging. Runs that cross its borders are not finished: <see cref="MergedTokens.Join"/> does it.
/// </summary>
/// <param name="FirstFrame">The chunk's first frame.</param>
/// <param name="FrameCount">f.</param>
/// <param name="FramePositions">P.</param>
/// <param name="Origins">The remaining tokens whose runs begin in this chunk, ascending, [n].</param>
/// <param name="GroupSizes">Tokens averaged into each, as far as this chunk goes, [n].</param>
/// <param name="Values">[n, D] in the tokens' own type.</param>
/// <param name="Incoming">The part of runs that began in an earlier chunk.</param>
/// <param name="Outgoing">The part of runs that begin here and go on in the next chunk.</param>
public sealed record MergedChunk(
    int FirstFrame, int FrameCount, int FramePositions, int[] Origins, int[] GroupSizes, Tensor Values,
    RunPart Incoming, RunPart Outgoing) : IDisposable
{
    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        Values.Dispose();
        Incoming.Sum.Dispose();
        Outgoing.Sum.Dispose();
    }
}

/// <summary>A video's visual tokens after merging: what enters the model.</summary>
/// <param name="Origins">Original token indices, ascending, [n₀].</param>
/// <param name="GroupSizes">Original tokens averaged into each, [n₀].</param>
/// <param name="Values">[n₀, D] in the tokens' own type.</param>
public sealed record MergedTokens(int[] Origins, int[] GroupSizes, Tensor Values) : IDisposable
{
    /// <summary>Puts all chunks of a video together and finishes the runs that cross borders.</summary>
    /// <param name="chunks">All chunks, in any order. They stay usable.</param>
    /// <exception cref="PruningException">Frames are missing or given twice.</exception>
    public static MergedTokens Join(IReadOnlyList<MergedChunk> chunks)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var ordered = ChunkOrder.Of(
            chunks, chunk => (chunk.FirstFrame, chunk.FrameCount, chunk.FramePositions, (int)chunk.Values.shape[1]));
        var join = new RunJoin(ordered);
        int[] origins = [.. ordered.SelectMany(chunk => chunk.Origins)];
        int[] sizes = [.. ordered.SelectMany(chunk => chunk.GroupSizes)];
        List<Tensor> values = [.. ordered.Select(chunk => chunk.Values)];
        var rows = new long[origins.Length];
        for (var i = 0; i < rows.Length; i++)
            rows[i] = i;
        var replaced = rows.Length;
        foreach (var (row, size) in join.Finished)
        {
            sizes[row] = size;
            rows[row] = replaced++;
        }
        values.AddRange(join.Means);
        var all = TensorData.Concatenate(values);
        if (join.Finished.Count > 0)
            all = all.index_select(0, TensorData.From<long>(rows, rows.Length).to(all.device));
        return new MergedTokens(origins, sizes, all.MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose() => Values.Dispose();
}
