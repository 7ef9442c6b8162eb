namespace HieraVid.Pruning;

/// <summary>Consecutive frames.</summary>
/// <param name="First">The first.</param>
/// <param name="Count">How many.</param>
public readonly record struct FrameRange(int First, int Count)
{
    /// <summary>The frame after the last.</summary>
    public int End => First + Count;
}

/// <summary>
/// Everything that is decided once for a whole video; the later steps read nothing else global. Methods derive their
/// own.
/// </summary>
/// <param name="Shape">The video.</param>
public record PruningPlan(VideoShape Shape)
{
    /// <summary>
    /// The frames that the step after this one needs together, in order, without gaps; empty where any cutting will do.
    /// A piece may be longer or shorter than a chunk: whoever applies it collects its tokens.
    /// </summary>
    public IReadOnlyList<FrameRange> Pieces { get; init; } = [];

    /// <summary>Visual tokens for which the model's window has room; checked once all pieces are through.</summary>
    public int Room { get; init; } = int.MaxValue;

    /// <summary>The whole video in one piece, for methods that compare tokens of any two frames.</summary>
    public IReadOnlyList<FrameRange> WholeVideo() => [new FrameRange(0, Shape.Frames)];

    /// <summary>Checks that a piece of a video fits.</summary>
    /// <exception cref="PruningException">It does not.</exception>
    public void Require(TokenChunk piece)
    {
        if (piece.Positions != Shape.Positions || piece.Width != Shape.Width
            || piece.FirstFrame + piece.FrameCount > Shape.Frames)
        {
            throw PruningException.WrongShape("tokens of a chunk",
                $"[frames of {Shape.Frames}, {Shape.Positions}, {Shape.Width}]",
                $"[{string.Join(", ", piece.Tokens.shape)}] from frame {piece.FirstFrame}");
        }
    }
}
