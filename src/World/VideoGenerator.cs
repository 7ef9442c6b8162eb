namespace HieraVid.World;

/// <summary>How videos are made up.</summary>
/// <param name="Duration">Seconds; a video is made to be sampled once per second.</param>
/// <param name="Textures">The styles of background to choose from.</param>
public sealed record VideoOptions(double Duration, IReadOnlyList<Texture> Textures)
{
    /// <summary>The styles that training sees.</summary>
    public static IReadOnlyList<Texture> TrainingTextures { get; } = [Texture.Smooth, Texture.Grainy, Texture.Striped];

    /// <summary>Which shots a video may have at most.</summary>
    public int MaxShots { get; init; } = 6;

    /// <summary>
    /// Many sprites, no colour and no shape twice, and always a card: pictures from which there is more to learn, since every sprite
    /// can be asked for.
    /// </summary>
    public bool IsCrowded { get; init; }
}

/// <summary>Makes up videos from seeds.</summary>
public static class VideoGenerator
{
    private const double MinShot = 3;
    private const double MinCounted = 6;

    /// <summary>The first video at or after a seed that belongs to the split. Seeds of a split are spaced by its share.</summary>
    /// <param name="seed">Where to look from.</param>
    /// <param name="split">The part of the world.</param>
    /// <param name="options">How.</param>
    public static WorldVideo Create(long seed, Split split, VideoOptions options)
    {
        for (var attempt = 0L; ; attempt++)
        {
            var video = Create(unchecked(seed * 1_000_003 + attempt), options);
            if (Splits.Of(video) == split)
                return video with { Seed = seed };
        }
    }

    /// <summary>The video of a seed.</summary>
    public static WorldVideo Create(long seed, VideoOptions options)
    {
        var random = SeededRandom.For(seed, "video");
        var borders = Borders(random, options);
        var places = random.Shuffle(Enum.GetValues<Place>());
        var names = new HashSet<string>();
        var shots = new List<Shot>();
        for (var i = 0; i + 1 < borders.Count; i++)
        {
            var (begins, ends) = (borders[i], borders[i + 1]);
            var count = options.IsCrowded ? 5 + random.Below(4) : 1 + random.Below(options.Duration < MinShot ? 4 : 3);
            shots.Add(new Shot(
                places[i], begins, ends, SpriteGenerator.Create(random, begins, ends, count, names, options.IsCrowded),
                random.Chance(0.4) ? random.Between(-0.06, 0.06) : 0, (long)random.Next())
            {
                Fade = i > 0 && random.Chance(0.4) ? 0.6 : 0,
            });
        }
        var video = new WorldVideo(
            seed, options.Duration, random.Pick(options.Textures), shots,
            options.IsCrowded || random.Chance(0.4) ? MakeCard(random, options.Duration) : null,
            random.Chance(0.5) ? random.Between(1, 7) : 0, random.Between(0.88, 1.08));
        return video.Card is null && video.Duration >= MinCounted && random.Chance(0.35)
            ? video with { Counter = MakeCounter(random, options.Duration) }
            : video;
    }

    private static List<double> Borders(SeededRandom random, VideoOptions options)
    {
        var most = Math.Clamp((int)(options.Duration / MinShot), 1, options.MaxShots);
        // The longer a video, the less often it is a single shot.
        var count = 1 + Math.Max(random.Below(most), most > 3 ? random.Below(most) : 0);
        var spare = options.Duration - Math.Min(MinShot, options.Duration) * count;
        var cuts = Enumerable.Range(0, count - 1).Select(_ => random.Between(0, spare)).Order().ToList();
        return [0, .. cuts.Select((cut, i) => cut + (i + 1) * MinShot), options.Duration];
    }

    private static Card MakeCard(SeededRandom random, double duration)
    {
        var shown = Math.Min(duration, 1.35);
        var at = random.Between(0, duration - shown);
        return new Card(random.Below(10), at, at + shown, (random.Between(0.2, 0.8), random.Between(0.2, 0.8)));
    }

    private static Counter MakeCounter(SeededRandom random, double duration)
    {
        // Every number is shown for two seconds at least.
        var steps = 1 + random.Below(Math.Min(5, (int)(duration / 2) - 1));
        var first = random.Below(10 - steps);
        return new Counter(first, first + steps, duration / (steps + 1), (random.Pick([0.11, 0.89]), random.Pick([0.13, 0.87])));
    }
}
