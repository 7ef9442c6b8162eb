namespace HieraVid.World.Questions;

/// <summary>A sprite and where it is.</summary>
internal sealed record Actor(Sprite Sprite, Shot Shot)
{
    /// <summary>Its looks, before and after a change.</summary>
    internal IEnumerable<(Colour Colour, Shape Shape)> Looks =>
        Sprite.Change is HieraVid.World.Change.Colour or HieraVid.World.Change.Shape
            ? [(Sprite.Colour, Sprite.Shape), (Sprite.LaterColour, Sprite.LaterShape)]
            : [(Sprite.Colour, Sprite.Shape)];
}

/// <summary>What questions ask a video for.</summary>
internal sealed class Facts(WorldVideo video)
{
    internal WorldVideo Video { get; } = video;

    /// <summary>All sprites in the order of their shots.</summary>
    internal IReadOnlyList<Actor> Actors { get; } =
        [.. video.Shots.SelectMany(shot => shot.Sprites.Select(sprite => new Actor(sprite, shot)))];

    /// <summary>Too short for anything to happen.</summary>
    internal bool IsStill => Video.Duration < 3;

    /// <summary>Whether the actors with a look are just this one, among some.</summary>
    internal static bool IsOnly(Actor actor, IEnumerable<Actor> among, Func<(Colour Colour, Shape Shape), bool> look) =>
        among.Where(other => other.Looks.Any(look)).SequenceEqual([actor]);
}
