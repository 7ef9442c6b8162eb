using HieraVid.World;
using HieraVid.World.Rendering;

namespace HieraVid.Train.Data;

/// <summary>Something that is to be told of a token's content.</summary>
/// <param name="Size">How many values it has.</param>
/// <param name="Words">The words of its first values, as questions and answers have them; "" for none.</param>
internal sealed record Label(int Size, IReadOnlyList<string> Words);

/// <summary>What is to be told of tokens of one sort; a linear head each, in training only.</summary>
/// <param name="Name">Of the head's tensors.</param>
/// <param name="Labels">What.</param>
internal sealed record LabelHead(string Name, IReadOnlyList<Label> Labels)
{
    /// <summary>The places of a grid and "nowhere".</summary>
    private const int Cells = CellLabel.MostCells + 1;

    private static readonly Label s_cell = new(Cells, []), s_second = new(CellLabel.LastSecond + 1, []), s_place = new(CellLabel.NoPlace + 1, []);

    /// <summary>Whether it follows from what other heads tell, so that it takes more layers.</summary>
    internal bool IsComparison { get; init; }

    /// <summary>What a frame tells of a cell.</summary>
    internal static LabelHead Seen { get; } = new("seen_head", [.. CellLabel.Seen.Select(OfCell)]);

    /// <summary>What the frames so far tell of a cell.</summary>
    internal static LabelHead Watched { get; } = new("watched_head", [.. CellLabel.Watched.Select(OfCell)]);

    /// <summary>
    /// What the whole video tells of a sprite: colour, shape, heading, change; row and column where it appears and where it leaves;
    /// when it appears; later colour and shape; the place it is in.
    /// </summary>
    internal static LabelHead Sprite { get; } = new("sprite_head",
    [
        OfCell(0), OfCell(1), OfCell(7), OfCell(8), s_cell, s_cell, s_cell, s_cell, s_second,
        new Label(CellLabel.NoColour, []), new Label(CellLabel.NoShape, []), OfCell(3),
    ]);

    /// <summary>What it tells of a place: the one after it, the one before it, when it begins, how many sprites it has.</summary>
    internal static LabelHead Place { get; } = new("place_head",
    [
        new Label(CellLabel.NoPlace + 1, CellLabel.WordsOf(3)), s_place, s_second, OfCell(10),
    ]);

    /// <summary>How many sprites of a colour it shows.</summary>
    internal static LabelHead Total { get; } = new("total_head", [OfCell(10)]) { IsComparison = true };

    /// <summary>Which of two sprites appears first or last: whether it is the second one that was named, and what it looks like.</summary>
    internal static LabelHead Order { get; } = new("order_head", [new Label(2, []), OfCell(0), OfCell(1)]) { IsComparison = true };

    /// <summary>All of them.</summary>
    internal static IReadOnlyList<LabelHead> All { get; } = [Seen, Watched, Sprite, Place, Total, Order];

    /// <summary>Values of all labels together.</summary>
    internal int Rows => Labels.Sum(label => label.Size);

    /// <summary>What is true of a sprite, in the order of <see cref="Sprite"/>, as far as its name does not tell it.</summary>
    internal static long[] Of(WorldVideo video, NamedSprite named)
    {
        var sprite = named.Sprite;
        static long Cell(double at) => Math.Clamp((int)(at * 8), 0, Cells - 1);
        return
        [
            named.IsWhole ? Batch.Unasked : (int)sprite.Colour, named.IsWhole ? Batch.Unasked : (int)sprite.Shape, (int)sprite.Heading, (int)sprite.Change,
            Cell(sprite.From.Y), Cell(sprite.From.X), Cell(sprite.To.Y), Cell(sprite.To.X),
            Math.Min(CellLabel.LastSecond, (int)sprite.Appears),
            sprite.Change == Change.Colour ? (int)sprite.LaterColour : Batch.Unasked,
            sprite.Change == Change.Shape ? (int)sprite.LaterShape : Batch.Unasked,
            (int)video.Shots.First(shot => shot.Sprites.Contains(sprite)).Place,
        ];
    }

    /// <summary>What is true of a shot, in the order of <see cref="Place"/>.</summary>
    internal static long[] Of(WorldVideo video, int shot) =>
    [
        shot + 1 < video.Shots.Count ? (int)video.Shots[shot + 1].Place : CellLabel.NoPlace,
        shot > 0 ? (int)video.Shots[shot - 1].Place : CellLabel.NoPlace,
        Math.Min(CellLabel.LastSecond, (int)video.Shots[shot].Begins),
        Math.Min(CellLabel.MostCounted, video.Shots[shot].Sprites.Count),
    ];

    private static Label OfCell(int label) => new(CellLabel.Sizes[label], CellLabel.WordsOf(label));
}
