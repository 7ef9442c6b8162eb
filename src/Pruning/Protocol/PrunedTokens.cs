using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>
/// A piece of a video after a method's Apply. Merges that cross its borders are not finished: <see cref="Finish"/> does it.
/// </summary>
/// <param name="FirstFrame">The piece's first frame.</param>
/// <param name="FrameCount">f.</param>
/// <param name="FramePositions">P.</param>
/// <param name="Origins">The original index of each token, in the order in which the model is to see them, [n].</param>
/// <param name="GroupSizes">Tokens averaged into each, as far as this piece goes, [n].</param>
/// <param name="Values">[n, D] in the tokens' own type.</param>
public sealed record PrunedChunk(
    int FirstFrame, int FrameCount, int FramePositions, int[] Origins, int[] GroupSizes, Tensor Values) : IDisposable
{
    /// <summary>The part of merges that began in an earlier piece; null where none crosses borders.</summary>
    public RunPart? Incoming { get; init; }

    /// <summary>The part of merges that begin here and go on in the next piece; null where none crosses borders.</summary>
    public RunPart? Outgoing { get; init; }

    /// <summary>A piece of which nothing is dropped.</summary>
    public static PrunedChunk Whole(TokenChunk piece)
    {
        var count = piece.FrameCount * piece.Positions;
        return Of(piece, [.. Enumerable.Range(0, count)], piece.Tokens.reshape(count, piece.Width));
    }

    /// <summary>Some tokens of a piece, unchanged.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="rows">Rows of the piece, frame · P + position, in the order of the sequence.</param>
    /// <returns>Owned by the caller's dispose scope.</returns>
    public static PrunedChunk Subset(TokenChunk piece, IReadOnlyList<int> rows)
    {
        using var scope = NewDisposeScope();
        var flat = piece.Tokens.reshape((long)piece.FrameCount * piece.Positions, piece.Width);
        var index = TensorData.From<long>([.. rows.Select(row => (long)row)], rows.Count).to(flat.device);
        return Of(piece, rows, flat.index_select(0, index).MoveToOuterDisposeScope());
    }

    /// <summary>Tokens made of a piece, none of whose merges crosses its borders.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="rows">The row of the piece in whose place each token stands, in the order of the sequence.</param>
    /// <param name="values">[n, D] in the tokens' own type.</param>
    /// <param name="groupSizes">Tokens averaged into each; 1 where nothing is given.</param>
    public static PrunedChunk Of(
        TokenChunk piece, IReadOnlyList<int> rows, Tensor values, IReadOnlyList<int>? groupSizes = null)
    {
        var offset = piece.FirstFrame * piece.Positions;
        return new PrunedChunk(piece.FirstFrame, piece.FrameCount, piece.Positions, [.. rows.Select(row => offset + row)],
            [.. groupSizes ?? Enumerable.Repeat(1, rows.Count)], values);
    }

    /// <summary>Finishes the merges that go on in later pieces.</summary>
    /// <param name="next">What the later pieces add, from <see cref="RunPart.Carry"/>; null after the last piece.</param>
    /// <returns>Owned by the caller's dispose scope.</returns>
    /// <exception cref="PruningException">The pieces don't belong together.</exception>
    public PrunedTokens Finish(RunPart? next)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        if (Outgoing is not { Positions.Length: > 0 } outgoing)
            return new PrunedTokens(FirstFrame, Origins, GroupSizes, Values.narrow(0, 0, Values.shape[0]).MoveToOuterDisposeScope());
        var whole = outgoing.Plus(next, FirstFrame + FrameCount - 1);
        // The last run at each position is the one that goes on.
        var rowOf = new Dictionary<int, int>();
        for (var row = 0; row < Origins.Length; row++)
            rowOf[Origins[row] % FramePositions] = row;
        var sizes = GroupSizes.ToArray();
        var rows = new long[Origins.Length];
        for (var row = 0; row < rows.Length; row++)
            rows[row] = row;
        for (var i = 0; i < whole.Positions.Length; i++)
        {
            var row = rowOf[whole.Positions[i]];
            (sizes[row], rows[row]) = (whole.Counts[i], rows.Length + i);
        }
        var means = MergeRuns.Mean(whole.Sum, whole.Counts, Values.dtype);
        var values = cat([Values, means], 0).index_select(0, TensorData.From<long>(rows, rows.Length).to(Values.device));
        return new PrunedTokens(FirstFrame, Origins, sizes, values.MoveToOuterDisposeScope());
    }

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        Values.Dispose();
        Incoming?.Dispose();
        Outgoing?.Dispose();
    }
}

/// <summary>Visual tokens as they enter the model: of a piece, or of the whole video.</summary>
/// <param name="FirstFrame">The first frame of the piece that they come from.</param>
/// <param name="Origins">The original index of each, in the order in which the model is to see them, [n].</param>
/// <param name="GroupSizes">Original tokens averaged into each, [n].</param>
/// <param name="Values">[n, D] in the tokens' own type.</param>
public sealed record PrunedTokens(int FirstFrame, int[] Origins, int[] GroupSizes, Tensor Values) : IDisposable
{
    /// <summary>Puts finished pieces together.</summary>
    /// <param name="pieces">All pieces of a video, in any order. They stay usable.</param>
    /// <returns>Owned by the caller's dispose scope; a tensor of its own.</returns>
    public static PrunedTokens Join(IReadOnlyList<PrunedTokens> pieces)
    {
        var ordered = pieces.OrderBy(piece => piece.FirstFrame).ToList();
        return new PrunedTokens(ordered[0].FirstFrame, [.. ordered.SelectMany(piece => piece.Origins)],
            [.. ordered.SelectMany(piece => piece.GroupSizes)],
            TensorData.Concatenate([.. ordered.Select(piece => piece.Values)]));
    }

    /// <summary>Some of the tokens.</summary>
    /// <param name="rows">Ascending.</param>
    /// <returns>Owned by the caller's dispose scope.</returns>
    public PrunedTokens Rows(int[] rows)
    {
        using var scope = NewDisposeScope();
        var index = TensorData.From<long>([.. rows], rows.Length).to(Values.device);
        return new PrunedTokens(FirstFrame, [.. rows.Select(row => Origins[row])], [.. rows.Select(row => GroupSizes[row])],
            Values.index_select(0, index).MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose() => Values.Dispose();
}
