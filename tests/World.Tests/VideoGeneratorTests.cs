namespace HieraVid.World.Tests;

public class VideoGeneratorTests
{
    private static readonly VideoOptions Options = new(16, VideoOptions.TrainingTextures);

    private static IEnumerable<WorldVideo> Videos(Split split, double seconds = 16) => Enumerable.Range(0, 150)
        .Select(seed => VideoGenerator.Create(seed, split, Options with { Duration = seconds }));

    // Every list inside in words, since records compare lists by reference.
    private static string Describe(WorldVideo video) =>
        $"{video with { Shots = [] }} {video.Card} {string.Join(' ', video.Shots.Select(shot => $"{shot with { Sprites = [] }}"))} "
        + string.Join(' ', video.Sprites);

    [Fact]
    public void The_same_seed_gives_the_same_video() => Assert.Equal(
        Videos(Split.Train).Select(Describe), Videos(Split.Train).Select(Describe));

    [Fact]
    public void Different_seeds_give_different_videos() =>
        Assert.Equal(150, Videos(Split.Train).Select(Describe).Distinct().Count());

    [Theory]
    [InlineData(Split.Train)]
    [InlineData(Split.Validation)]
    [InlineData(Split.Test)]
    public void Every_video_belongs_to_the_split_it_was_made_for(Split split) =>
        Assert.All(Videos(split), video => Assert.Equal(split, Splits.Of(video)));

    [Fact]
    public void What_happens_decides_the_split_and_how_it_looks_does_not()
    {
        Assert.All(Videos(Split.Test), video =>
        {
            var other = video with
            {
                Seed = 1,
                Texture = Texture.Mosaic,
                Noise = 9,
                Shots = [.. video.Shots.Select(shot => shot with { Seed = 5, Pan = 0.1 })],
            };
            Assert.Equal(Split.Test, Splits.Of(other));
        });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(16)]
    [InlineData(3600)]
    public void Shots_fill_the_video_one_after_the_other_in_places_of_their_own(double seconds)
    {
        Assert.All(Videos(Split.Train, seconds), video =>
        {
            Assert.Equal(0, video.Shots[0].Begins);
            Assert.Equal(seconds, video.Shots[^1].Ends);
            Assert.All(video.Shots.Zip(video.Shots.Skip(1)), pair => Assert.Equal(pair.First.Ends, pair.Second.Begins, 9));
            Assert.Equal(video.Shots.Count, video.Shots.Select(shot => shot.Place).Distinct().Count());
        });
    }

    [Fact]
    public void No_two_sprites_of_a_video_ever_look_the_same()
    {
        Assert.All(Videos(Split.Train), video =>
        {
            var looks = video.Sprites.SelectMany(sprite => new[]
            {
                (sprite.Colour, sprite.Shape), (sprite.LaterColour, sprite.LaterShape),
            }.Distinct()).ToList();
            Assert.Equal(looks.Count, looks.Distinct().Count());
        });
    }

    [Fact]
    public void Sprites_stay_in_the_frame_and_in_their_shot()
    {
        Assert.All(Videos(Split.Train).SelectMany(video => video.Shots), shot => Assert.All(shot.Sprites, sprite =>
        {
            Assert.InRange(sprite.Appears, shot.Begins, shot.Ends);
            Assert.InRange(sprite.Leaves, sprite.Appears + 1, shot.Ends + 1e-9);
            foreach (var (x, y) in new[] { sprite.From, sprite.To })
            {
                Assert.InRange(x, 0.09, 0.91);
                Assert.InRange(y, 0.09, 0.91);
            }
        }));
    }

    [Fact]
    public void The_heading_is_where_the_sprite_goes()
    {
        Assert.All(Videos(Split.Train).SelectMany(video => video.Sprites), sprite =>
        {
            var (dx, dy) = (sprite.To.X - sprite.From.X, sprite.To.Y - sprite.From.Y);
            var expected = Math.Abs(dx) < 0.1 && Math.Abs(dy) < 0.1 ? Heading.Still
                : Math.Abs(dx) > Math.Abs(dy) ? dx > 0 ? Heading.Right : Heading.Left
                : dy > 0 ? Heading.Down : Heading.Up;
            Assert.Equal(expected, sprite.Heading);
        });
    }

    [Fact]
    public void A_card_is_on_screen_when_one_frame_per_second_is_sampled()
    {
        foreach (var video in Videos(Split.Train).Where(video => video.Card is not null))
        {
            // 16 frames, the first and the last of a file of 8 frames per second included.
            var times = Enumerable.Range(0, 16).Select(i => i * (127 / 15.0) / 8);
            Assert.Contains(times, time => time >= video.Card!.Appears && time < video.Card.Leaves);
        }
    }

    [Fact]
    public void A_counter_goes_from_its_first_number_to_its_last_and_shows_each_when_one_frame_per_second_is_sampled()
    {
        var counters = Videos(Split.Train).Where(video => video.Counter is not null).ToList();
        Assert.NotEmpty(counters);
        foreach (var video in counters)
        {
            Assert.Null(video.Card);
            var counter = video.Counter!;
            var shown = Enumerable.Range(0, (int)video.Duration).Select(second => counter.At(second + 0.5)).ToList();
            Assert.Equal(Enumerable.Range(counter.First, counter.Last - counter.First + 1), shown.Distinct());
            Assert.InRange(counter.Last, counter.First + 1, 9);
        }
    }
}
