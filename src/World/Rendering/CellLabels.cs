namespace HieraVid.World.Rendering;

/// <summary>What a cell of a frame's grid shows, and what whoever watched until then knows about it: truth to train on.</summary>
/// <param name="Colour">A colour's number, or <see cref="NoColour"/>.</param>
/// <param name="Shape">A shape's number, or <see cref="NoShape"/>.</param>
/// <param name="Digit">The card's or the counter's digit, or <see cref="NoDigit"/>.</param>
/// <param name="Place">The shot's place.</param>
/// <param name="Centre">1 where a sprite's centre is, so that sprites can be counted; else 0.</param>
/// <param name="Row">The cell's row.</param>
/// <param name="Column">The cell's column.</param>
/// <param name="Heading">Where the sprite goes, or <see cref="NoHeading"/>.</param>
/// <param name="Change">What has changed about the sprite by now; 0 where nothing has.</param>
/// <param name="Previous">The place before the shot's, or <see cref="NoPlace"/>.</param>
/// <param name="Count">Sprites that the shot has shown by now; at most <see cref="MostCounted"/>.</param>
/// <param name="FromRow">The row where the sprite appeared, or <see cref="MostCells"/>.</param>
/// <param name="FromColumn">The column where it appeared, or <see cref="MostCells"/>.</param>
/// <param name="Second">Whole seconds since the video's beginning; at most <see cref="LastSecond"/>.</param>
/// <param name="FirstColour">The colour in which the sprite appeared.</param>
/// <param name="FirstShape">The shape in which it appeared.</param>
/// <param name="Appeared">The second in which it appeared; at most <see cref="LastSecond"/>.</param>
public readonly record struct CellLabel(
    int Colour, int Shape, int Digit, int Place, int Centre, int Row, int Column,
    int Heading, int Change, int Previous, int Count, int FromRow, int FromColumn, int Second,
    int FirstColour, int FirstShape, int Appeared)
{
    /// <summary>No sprite.</summary>
    public const int NoColour = 8, NoShape = 8, NoHeading = 5;

    /// <summary>No card.</summary>
    public const int NoDigit = 10;

    /// <summary>The video's first shot.</summary>
    public const int NoPlace = 8;

    /// <summary>Larger numbers are not told apart.</summary>
    public const int MostCounted = 6, LastSecond = 31;

    /// <summary>Cells along the longest side.</summary>
    public const int MostCells = 16;

    /// <summary>How many values each label has.</summary>
    public static IReadOnlyList<int> Sizes { get; } =
    [
        NoColour + 1, NoShape + 1, NoDigit + 1, 8, 2, MostCells, MostCells, NoHeading + 1, 4, NoPlace + 1, MostCounted + 1, MostCells + 1,
        MostCells + 1, LastSecond + 1, NoColour + 1, NoShape + 1, LastSecond + 1,
    ];

    /// <summary>The labels that a single frame tells.</summary>
    public static IReadOnlyList<int> Seen { get; } = [0, 1, 2, 3, 4, 5, 6];

    /// <summary>The labels that only the frames so far tell.</summary>
    public static IReadOnlyList<int> Watched { get; } = [7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

    /// <summary>The labels that say something of sprites and cards, and of other cells only that there is none.</summary>
    public static IReadOnlyList<int> Things { get; } = [0, 1, 2, 4];

    /// <summary>The labels that say something of sprites, and nothing of other cells.</summary>
    public static IReadOnlyList<int> OfSprites { get; } = [7, 8, 11, 12, 14, 15, 16];

    /// <summary>The labels that are of interest where something has changed about the sprite.</summary>
    public static IReadOnlyList<int> OfChanges { get; } = [8, 14, 15];

    /// <summary>Whether the cell shows a sprite.</summary>
    public bool IsSprite => Colour != NoColour;

    /// <summary>Whether it shows a sprite or the card.</summary>
    public bool IsThing => IsSprite || Digit != NoDigit;

    /// <summary>The labels in the order of <see cref="Sizes"/>.</summary>
    public int this[int label] => label switch
    {
        0 => Colour,
        1 => Shape,
        2 => Digit,
        3 => Place,
        4 => Centre,
        5 => Row,
        6 => Column,
        7 => Heading,
        8 => Change,
        9 => Previous,
        10 => Count,
        11 => FromRow,
        12 => FromColumn,
        13 => Second,
        14 => FirstColour,
        15 => FirstShape,
        _ => Appeared,
    };

    /// <summary>The words of a label's values, as questions and answers have them; empty for one that is not put in words.</summary>
    /// <param name="label">Its number.</param>
    public static IReadOnlyList<string> WordsOf(int label) => label switch
    {
        0 or 14 => [.. Enum.GetValues<Colour>().Select(Words.Of)],
        1 or 15 => [.. Enum.GetValues<Shape>().Select(Words.Of)],
        2 => [.. Enumerable.Range(0, NoDigit).Select(digit => $"{digit}")],
        3 => [.. Enum.GetValues<Place>().Select(Words.Of)],
        7 => [.. Enum.GetValues<Heading>().Select(Words.Of)],
        8 => ["", .. Enum.GetValues<Change>().Skip(1).Select(Words.Of)],
        10 => [.. Enumerable.Range(0, MostCounted + 1).Select(Words.Number)],
        _ => [],
    };

    /// <summary>The labels of a frame.</summary>
    /// <param name="video">The video.</param>
    /// <param name="time">The frame's time.</param>
    /// <param name="grid">Cells along a side.</param>
    /// <returns>[grid · grid] by rows.</returns>
    public static CellLabel[] Of(WorldVideo video, double time, int grid)
    {
        var shot = video.Shots[video.ShotAt(time)];
        var labels = new CellLabel[grid * grid];
        for (var i = 0; i < labels.Length; i++)
            labels[i] = At(video, shot, time, i / grid, i % grid, grid);
        return labels;
    }

    private static CellLabel At(WorldVideo video, Shot shot, double time, int row, int column, int grid)
    {
        var (x, y) = ((column + 0.5) / grid, (row + 0.5) / grid);
        var index = video.ShotAt(time);
        var label = new CellLabel(NoColour, NoShape, NoDigit, (int)shot.Place, 0, row, column, NoHeading, 0,
            index == 0 ? NoPlace : (int)video.Shots[index - 1].Place,
            Math.Min(MostCounted, shot.Sprites.Count(sprite => sprite.Appears <= time)), MostCells, MostCells,
            Math.Min(LastSecond, (int)time), NoColour, NoShape, 0);
        foreach (var sprite in shot.Sprites)
        {
            if (!sprite.IsThere(time))
                continue;
            var later = time >= sprite.ChangesAt;
            var ((cx, cy), radius) = (sprite.Centre(time), later ? sprite.LaterRadius : sprite.Radius);
            if ((int)(cx * grid) == column && (int)(cy * grid) == row)
                label = label with { Centre = 1 };
            if ((cx - x) * (cx - x) + (cy - y) * (cy - y) < radius * radius)
                label = label with
                {
                    Colour = (int)(later ? sprite.LaterColour : sprite.Colour),
                    Shape = (int)(later ? sprite.LaterShape : sprite.Shape),
                    Heading = (int)sprite.Heading,
                    Change = later ? (int)sprite.Change : 0,
                    FromRow = (int)(sprite.From.Y * grid),
                    FromColumn = (int)(sprite.From.X * grid),
                    FirstColour = (int)sprite.Colour,
                    FirstShape = (int)sprite.Shape,
                    Appeared = Math.Min(LastSecond, (int)sprite.Appears),
                };
        }
        bool Covers((double X, double Y) centre, double scale) =>
            Math.Abs(centre.X - x) < 0.13 * scale && Math.Abs(centre.Y - y) < 0.17 * scale;
        int? digit = video.Card is { } card && time >= card.Appears && time < card.Leaves && Covers(card.Centre, 1) ? card.Digit
            : video.Counter is { } counter && Covers(counter.Centre, FrameRenderer.CounterScale) ? counter.At(time) : null;
        return digit is { } shown
            ? label with
            {
                Colour = NoColour,
                Shape = NoShape,
                Digit = shown,
                Centre = 0,
                Heading = NoHeading,
                Change = 0,
                FromRow = MostCells,
                FromColumn = MostCells,
                FirstColour = NoColour,
                FirstShape = NoShape,
                Appeared = 0,
            }
            : label;
    }
}
