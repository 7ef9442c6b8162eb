namespace HieraVid.Models;

/// <summary>How the frames of one video become pixels and tokens: fixed, or chosen by the video's size.</summary>
/// <param name="Width">Width of the resized frame, in pixels.</param>
/// <param name="Height">Height of the resized frame, in pixels.</param>
/// <param name="Rows">Rows of visual tokens.</param>
/// <param name="Columns">Visual tokens in a row, newline tokens not counted.</param>
/// <param name="FramesPerStep">
/// Sampled frames behind one grid of tokens: 2 where the tower merges pairs. Such a pair is what pruning calls a frame.
/// </param>
public sealed record FrameGrid(int Width, int Height, int Rows, int Columns, int FramesPerStep = 1)
{
    /// <summary>P, visual tokens of one grid.</summary>
    public int Tokens => Rows * Columns;

    /// <summary>Grids of tokens behind so many sampled frames; the last frame of an odd number stands for two.</summary>
    public int Steps(int frames) => (frames + FramesPerStep - 1) / FramesPerStep;
}
