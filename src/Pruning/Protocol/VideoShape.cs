namespace HieraVid.Pruning;

/// <summary>
/// The size of a video as a pruner sees it. Token index t = frame · Positions + position (specification, part 0).
/// </summary>
/// <param name="Frames">F, sampled frames.</param>
/// <param name="Positions">P, visual tokens per frame, newline tokens inside the grid included.</param>
/// <param name="Width">D, the tokens' hidden size.</param>
public sealed record VideoShape(int Frames, int Positions, int Width)
{
    /// <summary>N = F · P.</summary>
    public int Tokens => checked(Frames * Positions);

    /// <summary>The frame of a token.</summary>
    public int FrameOf(int token) => token / Positions;

    /// <summary>The position of a token within its frame.</summary>
    public int PositionOf(int token) => token % Positions;
}
