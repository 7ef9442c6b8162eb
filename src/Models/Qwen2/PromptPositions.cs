namespace HieraVid.Models.Qwen2;

/// <summary>A video's grid with three-part positions (models.md, section 9).</summary>
/// <param name="Rows">Rows of tokens.</param>
/// <param name="Columns">Tokens in a row.</param>
/// <param name="Temporal">The temporal id of each grid, ascending from 0.</param>
public sealed record GridPositions(int Rows, int Columns, IReadOnlyList<long> Temporal)
{
    /// <summary>Positions that the whole grid takes: the next token stands so far from the first.</summary>
    public long Extent => Math.Max(Temporal[^1] + 1, Math.Max(Rows, Columns));

    /// <summary>Qwen2-VL's: grids are counted one by one, whatever the time between them.</summary>
    public static GridPositions Counted(int steps, int rows, int columns) =>
        new(rows, columns, [.. Enumerable.Range(0, steps).Select(t => (long)t)]);
}

/// <summary>Puts the position ids of a prompt together, piece by piece.</summary>
public sealed class PromptPositions
{
    private readonly List<long> _temporal = [], _height = [], _width = [];
    private long _next;

    /// <summary>Adds tokens that follow each other: text.</summary>
    public PromptPositions Text(int count) => Line(count, Enumerable.Range(0, count));

    /// <summary>Adds some of the places of a line; the next piece begins behind the whole line.</summary>
    /// <param name="length">Places.</param>
    /// <param name="kept">Those that tokens are left of.</param>
    public PromptPositions Line(int length, IEnumerable<int> kept)
    {
        foreach (var place in kept)
            Add(_next + place, _next + place, _next + place);
        _next += length;
        return this;
    }

    /// <summary>Adds some tokens of a video with three-part positions; they keep those that they have in the whole grid.</summary>
    /// <param name="grid">The whole grid.</param>
    /// <param name="kept">Token indices t = grid · P + place.</param>
    public PromptPositions Video(GridPositions grid, IEnumerable<int> kept)
    {
        var perStep = grid.Rows * grid.Columns;
        foreach (var token in kept)
        {
            var place = token % perStep;
            Add(_next + grid.Temporal[token / perStep], _next + place / grid.Columns, _next + place % grid.Columns);
        }
        _next += grid.Extent;
        return this;
    }

    /// <summary>The ids so far.</summary>
    public PositionIds Build() => new([.. _temporal], [.. _height], [.. _width]);

    private void Add(long temporal, long height, long width)
    {
        _temporal.Add(temporal);
        _height.Add(height);
        _width.Add(width);
    }
}
