namespace HieraVid.World.Rendering;

/// <summary>Shapes as signed distances: negative inside, in units of the shape's radius; y points up.</summary>
internal static class Outlines
{
    private static readonly (float X, float Y) StarInner = (0.47f * MathF.Cos(MathF.PI / 5), 0.47f * MathF.Sin(MathF.PI / 5));

    /// <summary>The distance of a point from a shape's outline, about 1 in size.</summary>
    internal static float Distance(Shape shape, float x, float y) => shape switch
    {
        Shape.Circle => Length(x, y) - 0.95f,
        Shape.Square => MathF.Max(MathF.Abs(x), MathF.Abs(y)) - 0.85f,
        Shape.Triangle => MathF.Max(-y - 0.65f, MathF.Abs(x) * 0.875f + y * 0.485f - 0.54f),
        Shape.Star => Star(x, y),
        Shape.Cross => MathF.Min(Box(x, y, 0.34f, 1), Box(x, y, 1, 0.34f)),
        Shape.Ring => MathF.Abs(Length(x, y) - 0.74f) - 0.26f,
        Shape.Heart => Heart(MathF.Abs(x), y),
        _ => (MathF.Abs(x) * 1.25f + MathF.Abs(y) * 0.85f - 0.95f) * 0.66f,
    };

    private static float Length(float x, float y) => MathF.Sqrt(x * x + y * y);

    private static float Box(float x, float y, float width, float height) =>
        MathF.Max(MathF.Abs(x) - width, MathF.Abs(y) - height);

    // Ten mirrored wedges, each bounded by the line from a tip (1.1 out) to the notch beside it.
    private static float Star(float x, float y)
    {
        const float Wedge = 2 * MathF.PI / 5;
        var angle = MathF.Atan2(x, y);
        angle = MathF.Abs(angle - Wedge * MathF.Round(angle / Wedge));
        var radius = Length(x, y);
        var (px, py) = (radius * MathF.Cos(angle), radius * MathF.Sin(angle));
        var (dx, dy) = (StarInner.X - 1.1f, StarInner.Y);
        return ((px - 1.1f) * -dy + py * dx) / -Length(dx, dy);
    }

    // Two discs over a triangle that points down.
    private static float Heart(float x, float y)
    {
        var disc = Length(x - 0.45f, y - 0.35f) - 0.52f;
        var wedge = MathF.Max(y - 0.4f, 0.776f * x - 0.631f * y - 0.62f);
        return MathF.Min(disc, wedge);
    }
}
