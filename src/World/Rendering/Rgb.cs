namespace HieraVid.World.Rendering;

/// <summary>A colour, 0 to 255 per channel, not yet rounded.</summary>
internal readonly record struct Rgb(float R, float G, float B)
{
    public static Rgb operator *(Rgb colour, float factor) => new(colour.R * factor, colour.G * factor, colour.B * factor);

    public static Rgb operator +(Rgb colour, float value) => new(colour.R + value, colour.G + value, colour.B + value);

    /// <summary>This colour covered by a share of another one.</summary>
    public Rgb Mix(Rgb other, float share) =>
        new(R + (other.R - R) * share, G + (other.G - G) * share, B + (other.B - B) * share);
}
