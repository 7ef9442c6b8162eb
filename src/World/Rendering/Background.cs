namespace HieraVid.World.Rendering;

/// <summary>The picture behind a shot's sprites: a function of the place, a point and a seed.</summary>
internal sealed class Background
{
    private readonly Place _place;
    private readonly Texture _texture;
    private readonly ulong _seed;
    private readonly float _phase;

    internal Background(Shot shot, Texture texture)
    {
        (_place, _texture) = (shot.Place, texture);
        var random = SeededRandom.For(shot.Seed, "background");
        _seed = random.Next();
        _phase = (float)random.Between(0, 100);
    }

    /// <summary>The colour at a point; the frame is the unit square, y downwards, and x has no end.</summary>
    internal Rgb At(float x, float y)
    {
        if (_texture == Texture.Mosaic)
            (x, y) = ((MathF.Floor(x * 28) + 0.5f) / 28, (MathF.Floor(y * 28) + 0.5f) / 28);
        var colour = Painted(x + _phase, y);
        return _texture switch
        {
            Texture.Grainy => colour * (0.8f + 0.4f * Hash((int)MathF.Floor((x + _phase) * 90), (int)MathF.Floor(y * 90), 7)),
            Texture.Striped => colour * (1 + 0.1f * MathF.Sin((x + y * 0.6f) * 70)),
            Texture.Mosaic => colour * (0.88f + 0.24f * Hash((int)MathF.Floor((x + _phase) * 28), (int)MathF.Floor(y * 28), 9)),
            _ => colour * (0.94f + 0.12f * Noise((x + _phase) * 4, y * 4, 8)),
        };
    }

    private Rgb Painted(float x, float y) => _place switch
    {
        Place.Forest => Forest(x, y),
        Place.Beach => y < 0.36f + 0.02f * Noise(x * 3, 0, 1) ? new Rgb(150, 205, 240)
            : y < 0.58f + 0.05f * Noise(x * 4, 0, 2) ? new Rgb(45, 130, 195) * (0.9f + 0.2f * Noise(x * 8, y * 40, 3))
            : new Rgb(228, 205, 148),
        Place.City => City(x, y),
        Place.Desert => y < 0.3f + 0.08f * Noise(x * 2, 0, 1) ? new Rgb(245, 205, 150)
            : new Rgb(205, 140, 75) * (0.92f + 0.13f * MathF.Sin(y * 34 + 4 * Noise(x * 2.5f, y * 3, 2))),
        Place.Snow => y < 0.32f + 0.1f * Noise(x * 2, 0, 1) ? new Rgb(170, 185, 205)
            : new Rgb(226, 234, 244) * (0.93f + 0.09f * Noise(x * 5, y * 5, 2)),
        Place.Sea => new Rgb(24, 84, 150).Mix(new Rgb(95, 165, 205), 0.5f + 0.5f * MathF.Sin(y * 48 + 5 * Noise(x * 5, y * 6, 1))),
        Place.Night => Night(x, y),
        _ => Meadow(x, y),
    };

    private Rgb Forest(float x, float y)
    {
        var leaves = new Rgb(34, 92, 40) * (0.7f + 0.6f * Noise(x * 9, y * 9, 1));
        var cell = MathF.Floor(x * 5);
        var trunk = MathF.Abs(x * 5 - cell - 0.3f - 0.4f * Hash((int)cell, 0, 2)) < 0.13f && y > 0.25f;
        return trunk ? new Rgb(78, 54, 34) : leaves;
    }

    private Rgb City(float x, float y)
    {
        var cell = (int)MathF.Floor(x * 6);
        var roof = 0.15f + 0.5f * Hash(cell, 0, 1);
        if (y < roof)
            return new Rgb(176, 182, 194);
        var (wx, wy) = (x * 6 - cell, y * 14 - MathF.Floor(y * 14));
        var window = (wx is > 0.18f and < 0.42f || wx is > 0.58f and < 0.82f) && wy is > 0.3f and < 0.75f;
        var wall = new Rgb(100, 98, 104) * (0.75f + 0.5f * Hash(cell, 1, 2));
        return window ? new Rgb(215, 200, 135) : wall;
    }

    private Rgb Night(float x, float y)
    {
        var sky = new Rgb(14, 16, 46) * (1.2f - 0.5f * y);
        var (cx, cy) = (MathF.Floor(x * 11), MathF.Floor(y * 11));
        var (sx, sy) = (x * 11 - cx - 0.2f - 0.6f * Hash((int)cx, (int)cy, 1), y * 11 - cy - 0.2f - 0.6f * Hash((int)cx, (int)cy, 2));
        return Hash((int)cx, (int)cy, 3) < 0.55f && sx * sx + sy * sy < 0.012f ? new Rgb(235, 235, 215) : sky;
    }

    private Rgb Meadow(float x, float y)
    {
        if (y < 0.22f + 0.06f * Noise(x * 2, 0, 1))
            return new Rgb(176, 218, 246);
        var grass = new Rgb(124, 190, 84) * (0.85f + 0.3f * Noise(x * 14, y * 14, 2));
        var (cx, cy) = (MathF.Floor(x * 9), MathF.Floor(y * 9));
        var (dx, dy) = (x * 9 - cx - 0.5f, y * 9 - cy - 0.5f);
        var kind = Hash((int)cx, (int)cy, 3);
        return kind < 0.5f && dx * dx + dy * dy < 0.02f
            ? kind < 0.25f ? new Rgb(240, 225, 120) : new Rgb(235, 150, 190)
            : grass;
    }

    // Smooth noise between 0 and 1.
    private float Noise(float x, float y, int layer)
    {
        var (fx, fy) = (MathF.Floor(x), MathF.Floor(y));
        var (ix, iy) = ((int)fx, (int)fy);
        var (u, v) = (x - fx, y - fy);
        (u, v) = (u * u * (3 - 2 * u), v * v * (3 - 2 * v));
        var top = Hash(ix, iy, layer) * (1 - u) + Hash(ix + 1, iy, layer) * u;
        var bottom = Hash(ix, iy + 1, layer) * (1 - u) + Hash(ix + 1, iy + 1, layer) * u;
        return top * (1 - v) + bottom * v;
    }

    private float Hash(int x, int y, int layer)
    {
        var z = _seed ^ ((ulong)(uint)x * 0x9E3779B97F4A7C15) ^ ((ulong)(uint)y * 0xC2B2AE3D27D4EB4F) ^ ((ulong)layer * 0x165667B19E3779F9);
        z = (z ^ (z >> 31)) * 0x94D049BB133111EB;
        return ((z ^ (z >> 29)) >> 40) * (1f / (1 << 24));
    }
}
