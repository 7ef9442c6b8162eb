using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>
/// Puts the pieces of a video together after step 3, from the last to the first: what a merge gathers from later frames is
/// known when its first token is reached, so one piece at a time is all that has to be held. Step 3b comes in between.
/// </summary>
/// <param name="method">The method.</param>
/// <param name="plan">Its plan for the video.</param>
public sealed class BackwardPass(PruningMethod method, PruningPlan plan) : IDisposable
{
    private readonly List<PrunedTokens> _kept = [];
    private RunPart? _next;

    /// <summary>The frames that step 3 takes together, in order.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="chunks">The frames of the chunks that there are, in order; the pieces where the plan has none.</param>
    public static IReadOnlyList<FrameRange> Pieces(PruningPlan plan, IReadOnlyList<FrameRange> chunks) =>
        plan.Pieces.Count > 0 ? plan.Pieces : chunks;

    /// <summary>Takes a piece.</summary>
    /// <param name="piece">The next one, last piece first; stays the caller's.</param>
    /// <exception cref="PruningException">The pieces don't fit each other.</exception>
    public void Take(PrunedChunk piece)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var carried = RunPart.Carry(piece, _next);
        var tokens = method.Thin(piece.Finish(_next), plan);
        // A tensor of its own: what was kept must not keep the piece that it came from.
        _kept.Add(tokens with { Values = tokens.Values.clone().DetachFromDisposeScope() });
        _next?.Dispose();
        _next = carried;
        _next?.Sum.High.DetachFromDisposeScope();
        _next?.Sum.Low.DetachFromDisposeScope();
    }

    /// <summary>What enters the model, once all pieces are through; owned by the caller's dispose scope.</summary>
    /// <exception cref="PruningException">More stays than the model's window has room for.</exception>
    public PrunedTokens Join()
    {
        var joined = PrunedTokens.Join(_kept);
        if (joined.Origins.Length > plan.Room)
            throw PruningException.NoRoom(method.Name, joined.Origins.Length, plan.Room);
        return joined;
    }

    /// <summary>Frees what was taken.</summary>
    public void Dispose()
    {
        foreach (var tokens in _kept)
            tokens.Dispose();
        _kept.Clear();
        _next?.Dispose();
        _next = null;
    }

    /// <summary>Steps 3 and 3b over a whole video whose chunks are all at hand.</summary>
    /// <param name="method">The method.</param>
    /// <param name="plan">Its plan for the video.</param>
    /// <param name="chunks">All chunks, in any order; they stay the caller's.</param>
    /// <returns>What enters the model; owned by the caller's dispose scope.</returns>
    /// <exception cref="PruningException">The chunks don't make up one video, or don't fit the plan.</exception>
    public static PrunedTokens Run(PruningMethod method, PruningPlan plan, IReadOnlyList<TokenChunk> chunks)
    {
        var ordered = ChunkOrder.Of(chunks, chunk => (chunk.FirstFrame, chunk.FrameCount, chunk.Positions, chunk.Width));
        using var pass = new BackwardPass(method, plan);
        foreach (var piece in Pieces(plan, [.. ordered.Select(chunk => new FrameRange(chunk.FirstFrame, chunk.FrameCount))]).Reverse())
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            pass.Take(method.Apply(TokenChunk.Of(piece, ordered), plan));
        }
        return pass.Join();
    }
}
