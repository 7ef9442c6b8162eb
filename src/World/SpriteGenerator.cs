namespace HieraVid.World;

/// <summary>Makes up the sprites of a shot.</summary>
internal static class SpriteGenerator
{
    private const double Margin = 0.15;
    private const double MinApart = 0.27;
    private const int Attempts = 24;

    /// <summary>Sprites that hardly hide each other and whose names are not taken.</summary>
    /// <param name="random">Where the choices come from.</param>
    /// <param name="begins">The shot's beginning.</param>
    /// <param name="ends">Its end.</param>
    /// <param name="count">How many.</param>
    /// <param name="names">Names taken in this video, the looks after a change included; grows.</param>
    /// <param name="distinct">No colour and no shape twice, for at most 8 sprites.</param>
    internal static IReadOnlyList<Sprite> Create(
        SeededRandom random, double begins, double ends, int count, HashSet<string> names, bool distinct = false)
    {
        var sprites = new List<Sprite>();
        Colour[] colours = distinct ? [.. random.Shuffle(Enum.GetValues<Colour>())] : [];
        Shape[] shapes = distinct ? [.. random.Shuffle(Enum.GetValues<Shape>())] : [];
        while (sprites.Count < count)
        {
            var (colour, shape) = distinct ? (colours[sprites.Count], shapes[sprites.Count])
                : (random.Pick(Enum.GetValues<Colour>()), random.Pick(Enum.GetValues<Shape>()));
            if (!names.Add($"{Words.Of(colour)} {Words.Of(shape)}"))
                continue;
            var radius = random.Between(0.1, 0.145);
            // At most one change per shot: a second one would make "what changes?" a matter of opinion.
            var change = random.Chance(0.35) && ends - begins >= 3 && sprites.All(sprite => sprite.Change == Change.None)
                ? (Change)(1 + random.Below(3)) : Change.None;
            var best = Enumerable.Range(0, Attempts)
                .Select(_ => Place(random, colour, shape, radius, begins, ends, change))
                .Select(sprite => (Sprite: sprite, Apart: Apart(sprite, sprites)))
                .Aggregate((best, next) => best.Apart >= MinApart || next.Apart <= best.Apart ? best : next);
            sprites.Add(WithChange(random, best.Sprite, change, names));
        }
        return sprites;
    }

    private static Sprite Place(
        SeededRandom random, Colour colour, Shape shape, double radius, double begins, double ends, Change change)
    {
        var length = ends - begins;
        var heading = length < 3 ? Heading.Still : random.Pick(Enum.GetValues<Heading>());
        // Moving sprites cross the frame in some seconds; the rest of a long shot is static.
        var stays = heading == Heading.Still
            ? length * (random.Chance(0.6) || length < 3 ? 1 : random.Between(0.6, 1))
            : Math.Min(length, random.Between(3, 9));
        if (change != Change.None)
            stays = Math.Max(stays, Math.Min(length, 4));
        var appears = begins + random.Between(0, length - stays);
        var (x, y) = (random.Between(Margin, 1 - Margin), random.Between(Margin, 1 - Margin));
        var way = random.Between(0.45, 0.7);
        var start = random.Between(Margin, 1 - Margin - way);
        var drift = random.Between(-0.05, 0.05);
        ((double, double) From, (double, double) To) path = heading switch
        {
            Heading.Right => ((start, y), (start + way, y + drift)),
            Heading.Left => ((start + way, y), (start, y + drift)),
            Heading.Down => ((x, start), (x + drift, start + way)),
            Heading.Up => ((x, start + way), (x + drift, start)),
            _ => ((x, y), (x, y)),
        };
        return new Sprite(colour, shape, radius, appears, appears + stays, path.From, path.To, heading);
    }

    // The least distance to any other sprite while both are there.
    private static double Apart(Sprite sprite, List<Sprite> others)
    {
        const int Moments = 12;
        var least = double.PositiveInfinity;
        for (var i = 0; i < Moments; i++)
        {
            var time = sprite.Appears + (sprite.Leaves - sprite.Appears) * (i + 0.5) / Moments;
            foreach (var other in others.Where(other => other.IsThere(time)))
            {
                var ((x1, y1), (x2, y2)) = (sprite.Centre(time), other.Centre(time));
                least = Math.Min(least, Math.Sqrt((x1 - x2) * (x1 - x2) + (y1 - y2) * (y1 - y2)));
            }
        }
        return least;
    }

    private static Sprite WithChange(SeededRandom random, Sprite sprite, Change change, HashSet<string> names)
    {
        if (change == Change.None)
            return sprite;
        var changed = sprite with
        {
            Change = change,
            ChangesAt = sprite.Appears + (sprite.Leaves - sprite.Appears) * random.Between(0.4, 0.6),
        };
        switch (change)
        {
            case Change.Size:
                var (small, large) = (random.Between(0.075, 0.09), random.Between(0.15, 0.18));
                return random.Chance(0.5)
                    ? changed with { Radius = small, LaterRadius = large }
                    : changed with { Radius = large, LaterRadius = small };
            case Change.Colour:
                foreach (var colour in random.Shuffle(Enum.GetValues<Colour>()))
                    if (names.Add($"{Words.Of(colour)} {Words.Of(sprite.Shape)}"))
                        return changed with { LaterColour = colour };
                return sprite;
            default:
                foreach (var shape in random.Shuffle(Enum.GetValues<Shape>()))
                    if (names.Add($"{Words.Of(sprite.Colour)} {Words.Of(shape)}"))
                        return changed with { LaterShape = shape };
                return sprite;
        }
    }
}
