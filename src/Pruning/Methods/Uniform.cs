namespace HieraVid.Pruning;

/// <summary>Evenly spaced tokens of every frame, or evenly spaced frames (baselines, section 14).</summary>
/// <param name="share">r.</param>
/// <param name="scope">Tokens or frames.</param>
public sealed class Uniform(double share, Uniform.Scope scope) : InputMethod(share)
{
    /// <summary>What is evenly spaced.</summary>
    public enum Scope
    {
        /// <summary>Tokens within every frame.</summary>
        Tokens,

        /// <summary>Whole frames.</summary>
        Frames,
    }

    /// <inheritdoc/>
    public override string Name => "uniform";

    internal static PruningMethod Create(double share, MethodSettings settings, ModelTraits model) =>
        new Uniform(share, settings.Choice("scope", Scope.Tokens));

    /// <summary>count of size places: floor(j·size/count), ascending.</summary>
    public static int[] Spaced(int size, int count) =>
        [.. Enumerable.Range(0, count).Select(j => (int)((long)j * size / count))];

    /// <inheritdoc/>
    public override PruningPlan Plan(IReadOnlyList<ChunkSummary> summaries, int room)
    {
        var shape = base.Plan(summaries, room).Shape;
        var frames = scope == Scope.Frames ? Spaced(shape.Frames, Rounded(Share * shape.Frames)) : Rows.Range(shape.Frames);
        var positions = scope == Scope.Tokens
            ? Spaced(shape.Positions, Rounded(Share * shape.Positions))
            : Rows.Range(shape.Positions);
        return new SelectionPlan(shape, [.. frames.SelectMany(f => positions.Select(p => f * shape.Positions + p))]) { Room = room };
    }

    /// <inheritdoc/>
    public override PrunedChunk Apply(TokenChunk piece, PruningPlan plan) => ((SelectionPlan)plan).Apply(piece);
}
