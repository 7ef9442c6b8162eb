namespace HieraVid.Pruning;

/// <summary>Where kept tokens stand in the sequence that the model sees.</summary>
public enum TokenPositions
{
    /// <summary>Where they would stand without pruning: the rotary positions have gaps.</summary>
    Kept,

    /// <summary>One after the other, as if the others had never been there.</summary>
    Renumbered,
}
