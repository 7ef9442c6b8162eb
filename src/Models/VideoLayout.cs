using HieraVid.Models.Llava;
using HieraVid.Models.Qwen2;

namespace HieraVid.Models;

/// <summary>Where visual tokens and newline tokens stand in a video's part of the prompt (models.md, section 4).</summary>
/// <param name="Length">V, both kinds together.</param>
/// <param name="Visual">Index of each visual token t = frame · P + position, ascending, [F·P].</param>
/// <param name="Newlines">Indices of the newline tokens, ascending. They are no patches: pruning leaves them be.</param>
public sealed record VideoLayout(int Length, IReadOnlyList<int> Visual, IReadOnlyList<int> Newlines)
{
    /// <summary>Newline tokens inside each frame or right after it; 0 where there is one at the video's end, or none.</summary>
    public int NewlinesPerFrame { get; init; }

    /// <summary>The grid, where positions have three parts; null where they follow each other.</summary>
    public GridPositions? Grid { get; init; }

    /// <summary>A video without newline tokens and with three-part positions.</summary>
    public static VideoLayout Of(GridPositions grid)
    {
        var tokens = grid.Temporal.Count * grid.Rows * grid.Columns;
        return new VideoLayout(tokens, [.. Enumerable.Range(0, tokens)], []) { Grid = grid };
    }

    /// <summary>The layout of a whole video.</summary>
    /// <param name="frames">F.</param>
    /// <param name="rows">Rows of a frame's grid.</param>
    /// <param name="columns">Visual tokens in a row.</param>
    /// <param name="position">Where newlines stand.</param>
    public static VideoLayout Of(int frames, int rows, int columns, NewlinePosition position)
    {
        var perFrame = rows * columns;
        // A group is what one newline follows: a row, a frame or the whole video.
        var group = position switch
        {
            NewlinePosition.Grid => columns,
            NewlinePosition.Frame => perFrame,
            _ => frames * perFrame,
        };
        var tokens = frames * perFrame;
        if (position == NewlinePosition.NoToken)
            return new VideoLayout(tokens, [.. Enumerable.Range(0, tokens)], []);
        return new VideoLayout(
            tokens + tokens / group,
            [.. Enumerable.Range(0, tokens).Select(t => t + t / group)],
            [.. Enumerable.Range(1, tokens / group).Select(g => g * (group + 1) - 1)])
        {
            NewlinesPerFrame = position == NewlinePosition.OneToken ? 0 : perFrame / group,
        };
    }
}
