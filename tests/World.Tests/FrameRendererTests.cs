using HieraVid.World.Rendering;

namespace HieraVid.World.Tests;

public class FrameRendererTests
{
    private const int Size = 128;

    private static byte[] Draw(WorldVideo video, double time, int size = Size)
    {
        var frame = new byte[size * size * 3];
        new FrameRenderer(video, size).Draw(time, frame);
        return frame;
    }

    private static WorldVideo Empty(Place place, params Sprite[] sprites) =>
        new(3, 8, Texture.Smooth, [new Shot(place, 0, 8, sprites, 0, 5)], null, 0, 1);

    private static Sprite Circle(Colour colour) => new(colour, Shape.Circle, 0.12, 1, 7, (0.3, 0.3), (0.7, 0.3), Heading.Right);

    private static (int R, int G, int B) Pixel(byte[] frame, double x, double y)
    {
        var at = 3 * ((int)(y * Size) * Size + (int)(x * Size));
        return (frame[at], frame[at + 1], frame[at + 2]);
    }

    private static List<(int R, int G, int B)> Pixels(byte[] frame) =>
        [.. Enumerable.Range(0, Size * Size).Select(i => ((int)frame[3 * i], (int)frame[3 * i + 1], (int)frame[3 * i + 2]))];

    [Fact]
    public void The_same_moment_is_drawn_the_same_way_every_time()
    {
        var video = VideoGenerator.Create(7, Split.Train, new VideoOptions(8, VideoOptions.TrainingTextures));
        Assert.Equal(Draw(video, 3.25), Draw(video, 3.25));
    }

    [Fact]
    public void A_sprite_is_where_it_should_be_and_only_then()
    {
        var video = Empty(Place.Sea, Circle(Colour.Red));
        Assert.Equal((220, 35, 35), Pixel(Draw(video, 1), 0.3, 0.3));
        Assert.Equal((220, 35, 35), Pixel(Draw(video, 4), 0.5, 0.3));
        Assert.NotEqual((220, 35, 35), Pixel(Draw(video, 0.5), 0.3, 0.3));
        Assert.NotEqual((220, 35, 35), Pixel(Draw(video, 7.5), 0.7, 0.3));
    }

    [Fact]
    public void A_change_shows_from_its_moment_on()
    {
        var sprite = Circle(Colour.Red) with { Change = Change.Colour, ChangesAt = 4, LaterColour = Colour.Yellow };
        var video = Empty(Place.Sea, sprite);
        Assert.Equal((220, 35, 35), Pixel(Draw(video, 3.9), sprite.Centre(3.9).X, 0.3));
        Assert.Equal((245, 225, 40), Pixel(Draw(video, 4), 0.5, 0.3));
    }

    [Fact]
    public void Places_and_shapes_all_look_different()
    {
        var places = Enum.GetValues<Place>().Select(place => Convert.ToBase64String(Draw(Empty(place), 1)));
        var shapes = Enum.GetValues<Shape>()
            .Select(shape => Convert.ToBase64String(Draw(Empty(Place.Sea, Circle(Colour.Red) with { Shape = shape }), 2)));
        Assert.Equal(8, places.Distinct().Count());
        Assert.Equal(8, shapes.Distinct().Count());
    }

    [Fact]
    public void A_digits_card_has_ink_and_paper()
    {
        var video = Empty(Place.Forest) with { Card = new Card(8, 2, 3, (0.5, 0.5)) };
        Assert.Contains((15, 15, 15), Pixels(Draw(video, 2.5)));
        Assert.Contains((252, 250, 240), Pixels(Draw(video, 2.5)));
        Assert.DoesNotContain((252, 250, 240), Pixels(Draw(video, 3.5)));
    }

    [Fact]
    public void Labels_say_what_the_pixels_show()
    {
        var video = Empty(Place.Sea, Circle(Colour.Red)) with { Card = new Card(4, 0, 8, (0.5, 0.75)) };
        var labels = CellLabel.Of(video, 4, 8);
        Assert.Equal(
            (((int)Colour.Red, (int)Shape.Circle, CellLabel.NoDigit, (int)Place.Sea), (2, 3), 1, 4),
            ((labels[19].Colour, labels[19].Shape, labels[19].Digit, labels[19].Place), (labels[19].Row, labels[19].Column),
                labels[19].Count, labels[19].Second));
        Assert.Equal(1, labels.Sum(label => label.Centre));
        Assert.Equal(4, labels[6 * 8 + 4].Digit);
        Assert.Equal(CellLabel.NoColour, labels[0].Colour);
    }

    [Fact]
    public void Labels_remember_what_a_sprite_was_like_and_since_when_it_is_there()
    {
        var changing = Circle(Colour.Red) with { Appears = 2, Change = Change.Colour, ChangesAt = 4, LaterColour = Colour.Blue };
        var label = CellLabel.Of(Empty(Place.Sea, changing), 5, 8).First(cell => cell.IsSprite);
        Assert.Equal(
            ((int)Colour.Blue, (int)Colour.Red, (int)Shape.Circle, (int)Change.Colour, 2),
            (label.Colour, label.FirstColour, label.FirstShape, label.Change, label.Appeared));
    }
}
