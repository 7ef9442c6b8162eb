namespace HieraVid.World.Rendering;

/// <summary>Draws the frames of one video, square, in any size.</summary>
public sealed class FrameRenderer
{
    private const float OutlineWidth = 0.014f;
    private const float CardWidth = 0.26f, CardHeight = 0.34f;

    /// <summary>How large a counter is beside a card.</summary>
    internal const float CounterScale = 0.65f;

    private static readonly Rgb s_red = new(200, 30, 40), s_blue = new(30, 60, 200);

    private readonly WorldVideo _video;
    private readonly int _size;
    private readonly Rgb[][] _panoramas;
    private readonly int[] _widths;

    /// <summary>Prepares the backgrounds.</summary>
    /// <param name="video">What to draw.</param>
    /// <param name="size">The side of a frame, in pixels.</param>
    public FrameRenderer(WorldVideo video, int size)
    {
        (_video, _size) = (video, size);
        _panoramas = new Rgb[video.Shots.Count][];
        _widths = new int[video.Shots.Count];
    }

    /// <summary>Draws the frame at a time.</summary>
    /// <param name="time">Seconds from the beginning.</param>
    /// <param name="target">Takes size · size · 3 bytes, RGB by rows.</param>
    public void Draw(double time, Span<byte> target)
    {
        var index = _video.ShotAt(time);
        var canvas = DrawShot(index, time);
        var shot = _video.Shots[index];
        if (index > 0 && time < shot.Begins + shot.Fade)
        {
            var before = DrawShot(index - 1, time);
            var share = (float)((time - shot.Begins) / shot.Fade);
            for (var i = 0; i < canvas.Length; i++)
                canvas[i] = before[i].Mix(canvas[i], share);
        }
        if (_video.Card is { } card && time >= card.Appears && time < card.Leaves)
            DrawCard(canvas, card.Digit, card.Centre, 1, s_red);
        if (_video.Counter is { } counter)
            DrawCard(canvas, counter.At(time), counter.Centre, CounterScale, s_blue);
        Develop(canvas, time, target);
    }

    private Rgb[] DrawShot(int index, double time)
    {
        var shot = _video.Shots[index];
        var panorama = Panorama(index);
        var canvas = new Rgb[_size * _size];
        // The panorama wraps to and fro, so that it never ends.
        var shift = (int)Math.Round(Math.Abs(shot.Pan * (time - shot.Begins)) * _size);
        var room = _widths[index] - _size;
        if (room > 0)
            shift = shift % (2 * room) is var s && s < room ? s : 2 * room - s;
        if (shot.Pan < 0)
            shift = room - shift;
        for (var y = 0; y < _size; y++)
            panorama.AsSpan(y * _widths[index] + (room > 0 ? shift : 0), _size).CopyTo(canvas.AsSpan(y * _size));
        foreach (var sprite in shot.Sprites)
            if (sprite.IsThere(Math.Min(time, shot.Ends - 1e-9)))
                DrawSprite(canvas, sprite, Math.Min(time, shot.Ends));
        return canvas;
    }

    private Rgb[] Panorama(int index)
    {
        if (_panoramas[index] is { } ready)
            return ready;
        var shot = _video.Shots[index];
        var travelled = Math.Min(Math.Abs(shot.Pan) * (shot.Ends - shot.Begins + 1), 1);
        var width = _widths[index] = _size + (int)Math.Ceiling(travelled * _size);
        var background = new Background(shot, _video.Texture);
        var pixels = new Rgb[width * _size];
        for (var y = 0; y < _size; y++)
            for (var x = 0; x < width; x++)
                pixels[y * width + x] = background.At((x + 0.5f) / _size, (y + 0.5f) / _size);
        return _panoramas[index] = pixels;
    }

    private void DrawSprite(Rgb[] canvas, Sprite sprite, double time)
    {
        var later = time >= sprite.ChangesAt;
        var (colour, shape) = later ? (sprite.LaterColour, sprite.LaterShape) : (sprite.Colour, sprite.Shape);
        var radius = (float)(later ? sprite.LaterRadius : sprite.Radius);
        var (cx, cy) = sprite.Centre(time);
        var (fill, line) = (Palette.Of(colour), Palette.Outline(colour));
        Over(canvas, cx, cy, radius * 1.25f, radius * 1.25f, (dx, dy, below) =>
        {
            var distance = Outlines.Distance(shape, dx / radius, -dy / radius) * radius;
            var inked = below.Mix(line, Coverage(distance - OutlineWidth));
            return inked.Mix(fill, Coverage(distance));
        });
    }

    private void DrawCard(Rgb[] canvas, int digit, (double X, double Y) centre, float scale, Rgb border)
    {
        const float Dot = 0.034f;
        Over(canvas, centre.X, centre.Y, scale * CardWidth / 2, scale * CardHeight / 2, (dx, dy, _) =>
        {
            (dx, dy) = (dx / scale, dy / scale);
            var edge = MathF.Max(MathF.Abs(dx) - CardWidth / 2, MathF.Abs(dy) - CardHeight / 2);
            if (edge > -0.016f)
                return border;
            var (column, row) = ((int)MathF.Floor(dx / Dot + Digits.Width / 2f), (int)MathF.Floor(dy / Dot + Digits.Height / 2f));
            return Digits.Inked(digit, column, row) ? new Rgb(15, 15, 15) : new Rgb(252, 250, 240);
        });
    }

    // Repaints the pixels of a rectangle around a centre; paint gets the offset from the centre and what is there.
    private void Over(Rgb[] canvas, double cx, double cy, float halfWidth, float halfHeight, Func<float, float, Rgb, Rgb> paint)
    {
        int Clamp(double value) => Math.Clamp((int)value, 0, _size);
        var (left, right) = (Clamp((cx - halfWidth) * _size), Clamp((cx + halfWidth) * _size + 1));
        var (top, bottom) = (Clamp((cy - halfHeight) * _size), Clamp((cy + halfHeight) * _size + 1));
        for (var y = top; y < bottom; y++)
            for (var x = left; x < right; x++)
            {
                ref var pixel = ref canvas[y * _size + x];
                pixel = paint((float)((x + 0.5) / _size - cx), (float)((y + 0.5) / _size - cy), pixel);
            }
    }

    private float Coverage(float distance) => Math.Clamp(0.5f - distance * _size, 0, 1);

    // Exposure and the camera's noise.
    private void Develop(Rgb[] canvas, double time, Span<byte> target)
    {
        var random = SeededRandom.For(_video.Seed + (long)(time * 1000) * 7919, "noise");
        var (gain, noise) = ((float)_video.Brightness, (float)_video.Noise);
        for (var i = 0; i < canvas.Length; i++)
        {
            var colour = canvas[i] * gain;
            if (noise > 0)
            {
                // Six 10-bit numbers make a bell of deviation 723.
                var bits = random.Next();
                var sum = (int)(bits & 1023) + (int)((bits >> 10) & 1023) + (int)((bits >> 20) & 1023)
                    + (int)((bits >> 30) & 1023) + (int)((bits >> 40) & 1023) + (int)((bits >> 50) & 1023) - 3069;
                colour += sum * (noise / 723f);
            }
            (target[3 * i], target[3 * i + 1], target[3 * i + 2]) = (Byte(colour.R), Byte(colour.G), Byte(colour.B));
        }
    }

    private static byte Byte(float value) => (byte)Math.Clamp(value + 0.5f, 0, 255);
}
