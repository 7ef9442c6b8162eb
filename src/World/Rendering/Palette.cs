namespace HieraVid.World.Rendering;

/// <summary>The colours of sprites.</summary>
internal static class Palette
{
    private static readonly Rgb[] Colours =
    [
        new(220, 35, 35), new(30, 165, 60), new(35, 70, 225), new(245, 225, 40), new(250, 140, 25), new(145, 50, 190),
        new(248, 248, 248), new(22, 22, 22),
    ];

    /// <summary>What a colour's name means.</summary>
    internal static Rgb Of(Colour colour) => Colours[(int)colour];

    /// <summary>The line around a sprite, which sets it off from any background.</summary>
    internal static Rgb Outline(Colour colour) => colour == Colour.Black ? new Rgb(235, 235, 235) : new Rgb(28, 28, 32);
}
