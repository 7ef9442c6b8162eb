using HieraVid.Models.Tokenization;
using HieraVid.Train.Data;
using HieraVid.World;

namespace HieraVid.Train.Tests;

public sealed class NamesTests : IDisposable
{
    private static readonly Sprite
        s_redStar = Still(Colour.Red, Shape.Star, 0), s_blueStar = Still(Colour.Blue, Shape.Star, 8), s_blueRing = Still(Colour.Blue, Shape.Ring, 10);

    private static readonly WorldVideo s_video = new(0, 16, Texture.Smooth,
        [new Shot(Place.Forest, 0, 8, [s_redStar], 0, 1), new Shot(Place.Sea, 8, 16, [s_blueStar, s_blueRing], 0, 2)], null, 0, 1);

    private readonly string _folder = Directory.CreateTempSubdirectory("hieravid-names-").FullName;
    private readonly ByteLevelTokenizer _tokenizer;
    private readonly Names _names;

    public NamesTests()
    {
        var merges = WorldModel.Merges(_folder);
        Exporter.WriteTexts(_folder, WorldModel.Config(merges.Count), merges);
        _tokenizer = ByteLevelTokenizer.Load(_folder);
        _names = new Names(_tokenizer);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_whole_name_says_which_sprite_and_leaves_nothing_of_its_looks_to_tell()
    {
        var question = Ids("Where is the blue star?");
        var named = Assert.Single(_names.Sprites(question, s_video));
        Assert.Equal((" star", s_blueStar, true), (Word(question, named.Token), named.Sprite, named.IsWhole));
        var truth = LabelHead.Of(s_video, named);
        Assert.Equal([Batch.Unasked, Batch.Unasked], truth[..2]);
        Assert.Equal((long)Place.Sea, truth[^1]);
    }

    [Fact]
    public void Half_a_name_says_it_where_there_is_one()
    {
        var question = Ids("What colour is the ring?");
        var named = Assert.Single(_names.Sprites(question, s_video));
        Assert.Equal((" ring", s_blueRing, false), (Word(question, named.Token), named.Sprite, named.IsWhole));
        Assert.Equal((long)Colour.Blue, LabelHead.Of(s_video, named)[0]);
        Assert.Empty(_names.Sprites(Ids("What colour is the star?"), s_video));
    }

    [Fact]
    public void With_its_place_it_says_it_at_the_place()
    {
        var question = Ids("What colour is the star in the forest?");
        var named = Assert.Single(_names.Sprites(question, s_video));
        Assert.Equal((" forest", s_redStar), (Word(question, named.Token), named.Sprite));
    }

    [Fact]
    public void The_second_of_two_names_says_which_of_them_is_first_or_last()
    {
        (bool, Sprite) Chosen(string question) => Assert.Single(_names.Orders(Ids(question), s_video)) is var order ? (order.IsSecond, order.Chosen) : default;
        Assert.Equal((false, s_redStar), Chosen("Which appears first, the red star or the blue ring?"));
        Assert.Equal((true, s_blueRing), Chosen("Which appears last, the red star or the blue ring?"));
        Assert.Equal((true, s_redStar), Chosen("Which appears first, the blue ring or the red star?"));
        Assert.Empty(_names.Orders(Ids("Where is the blue star?"), s_video));
    }

    [Fact]
    public void A_colour_that_is_counted_says_how_often_it_is_there()
    {
        Assert.Equal([2], _names.Totals(Ids("How many blue objects are there in the video?"), s_video).Select(total => total.Count));
        Assert.Equal([0], _names.Totals(Ids("How many green objects are there in the video?"), s_video).Select(total => total.Count));
        Assert.Empty(_names.Totals(Ids("How many objects are there in the sea?"), s_video));
    }

    private static Sprite Still(Colour colour, Shape shape, double appears) =>
        new(colour, shape, 0.12, appears, appears + 5, (0.5, 0.5), (0.5, 0.5), Heading.Still);

    private long[] Ids(string text) => [.. _tokenizer.Encode(text).Select(id => (long)id)];

    private string Word(long[] ids, int token) => _tokenizer.Decode([(int)ids[token]]);
}
