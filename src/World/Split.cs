namespace HieraVid.World;

/// <summary>The three disjoint parts of the world.</summary>
public enum Split
{
    /// <summary>What models learn from.</summary>
    Train,

    /// <summary>What recipes are chosen by.</summary>
    Validation,

    /// <summary>What is reported.</summary>
    Test,
}

/// <summary>Which part a video belongs to.</summary>
public static class Splits
{
    /// <summary>
    /// By what happens in it: two videos in which the same sprites do the same things in the same places are in the same part,
    /// whatever their seeds, so that no answer of one part can be learned by heart from another. 90 % train, 5 % each other.
    /// </summary>
    public static Split Of(WorldVideo video)
    {
        var facts = video.Shots.Select(shot => $"{shot.Place}:" + string.Join(
            ',', shot.Sprites.Select(sprite => $"{sprite.Name} {sprite.Heading} {sprite.Change}").Order(StringComparer.Ordinal)));
        var number = SeededRandom.For(0, $"{string.Join(';', facts)}/{video.Card?.Digit}{video.Counter?.First}{video.Counter?.Last}").Below(20);
        return number switch { 0 => Split.Test, 1 => Split.Validation, _ => Split.Train };
    }
}
