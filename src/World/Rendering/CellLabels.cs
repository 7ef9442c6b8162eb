namespace HieraVid.World.Rendering;

/// <summary>What a cell of a frame's grid shows: the truth that a vision tower can be warmed up on.</summary>
/// <param name="Colour">A colour's number, or <see cref="NoColour"/>.</param>
/// <param name="Shape">A shape's number, or <see cref="NoShape"/>.</param>
/// <param name="Digit">The card's digit, or <see cref="NoDigit"/>.</param>
/// <param name="Place">The shot's place.</param>
public readonly record struct CellLabel(int Colour, int Shape, int Digit, int Place)
{
    /// <summary>No sprite.</summary>
    public const int NoColour = 8, NoShape = 8;

    /// <summary>No card.</summary>
    public const int NoDigit = 10;

    /// <summary>How many values each label has.</summary>
    public static IReadOnlyList<int> Sizes { get; } = [NoColour + 1, NoShape + 1, NoDigit + 1, 8];

    /// <summary>The labels in the order of <see cref="Sizes"/>.</summary>
    public int this[int label] => label switch { 0 => Colour, 1 => Shape, 2 => Digit, _ => Place };

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
            labels[i] = At(video, shot, time, (i % grid + 0.5) / grid, (i / grid + 0.5) / grid);
        return labels;
    }

    private static CellLabel At(WorldVideo video, Shot shot, double time, double x, double y)
    {
        var label = new CellLabel(NoColour, NoShape, NoDigit, (int)shot.Place);
        foreach (var sprite in shot.Sprites)
        {
            if (!sprite.IsThere(time))
                continue;
            var later = time >= sprite.ChangesAt;
            var ((cx, cy), radius) = (sprite.Centre(time), later ? sprite.LaterRadius : sprite.Radius);
            if ((cx - x) * (cx - x) + (cy - y) * (cy - y) < radius * radius)
                label = label with
                {
                    Colour = (int)(later ? sprite.LaterColour : sprite.Colour),
                    Shape = (int)(later ? sprite.LaterShape : sprite.Shape),
                };
        }
        return video.Card is { } card && time >= card.Appears && time < card.Leaves
            && Math.Abs(card.Centre.X - x) < 0.13 && Math.Abs(card.Centre.Y - y) < 0.17
            ? label with { Colour = NoColour, Shape = NoShape, Digit = card.Digit }
            : label;
    }
}
