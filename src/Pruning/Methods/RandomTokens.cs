namespace HieraVid.Pruning;

/// <summary>A seeded random choice, of the whole video's tokens or of every frame's (baselines, section 14).</summary>
/// <param name="share">r.</param>
/// <param name="scope">Over what.</param>
/// <param name="seed">The same seed gives the same tokens on every machine.</param>
public sealed class RandomTokens(double share, RandomTokens.Scope scope, int seed) : InputMethod(share)
{
    /// <summary>Over what the choice is made.</summary>
    public enum Scope
    {
        /// <summary>The whole video.</summary>
        Video,

        /// <summary>Every frame for itself.</summary>
        Frame,
    }

    /// <inheritdoc/>
    public override string Name => "random";

    internal static PruningMethod Create(double share, MethodSettings settings, ModelTraits model) =>
        new RandomTokens(share, settings.Choice("scope", Scope.Video), settings.Integer("seed", 0));

    /// <inheritdoc/>
    public override PruningPlan Plan(IReadOnlyList<ChunkSummary> summaries, int room)
    {
        var shape = base.Plan(summaries, room).Shape;
        return new SelectionPlan(shape, scope == Scope.Video
            ? OfVideo(shape.Tokens, Rounded(Share * shape.Tokens), seed)
            : OfFrames(shape.Frames, shape.Positions, Rounded(Share * shape.Positions), seed))
        { Room = room };
    }

    /// <inheritdoc/>
    public override PrunedChunk Apply(TokenChunk piece, PruningPlan plan) => ((SelectionPlan)plan).Apply(piece);

    /// <summary>Of all tokens, ascending.</summary>
    /// <param name="tokens">How many there are.</param>
    /// <param name="keep">How many stay.</param>
    /// <param name="seed">The generator's seed.</param>
    public static int[] OfVideo(int tokens, int keep, long seed) => Draw(tokens, keep, new SplitMix64(seed));

    /// <summary>Of every frame, ascending; one generator serves the frames in order.</summary>
    /// <param name="frames">F.</param>
    /// <param name="positions">N.</param>
    /// <param name="keep">How many of each frame stay.</param>
    /// <param name="seed">The generator's seed.</param>
    public static int[] OfFrames(int frames, int positions, int keep, long seed)
    {
        var generator = new SplitMix64(seed);
        return [.. Enumerable.Range(0, frames).SelectMany(f =>
            Draw(positions, keep, generator).Select(p => f * positions + p).ToArray())];
    }

    // The first steps of a Fisher-Yates shuffle.
    private static int[] Draw(int count, int keep, SplitMix64 generator)
    {
        var order = Rows.Range(count);
        for (var i = 0; i < keep; i++)
        {
            var j = i + generator.Below(count - i);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return [.. order.Take(keep).Order()];
    }
}

/// <summary>The generator SplitMix64.</summary>
/// <param name="seed">Its first state.</param>
public sealed class SplitMix64(long seed)
{
    private ulong _state = (ulong)seed;

    /// <summary>The next 64 bits.</summary>
    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        var z = (_state ^ (_state >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number below a bound.</summary>
    public int Below(int bound) => (int)Math.BigMul(Next(), (ulong)bound, out _);
}
