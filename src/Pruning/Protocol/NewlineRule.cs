namespace HieraVid.Pruning;

/// <summary>
/// Which newline tokens stay among a frame's tokens, for models that put one after every row of the grid. They are no
/// patches: no method scores them, but where most tokens are gone they would be most of the sequence.
/// </summary>
public enum NewlineRule
{
    /// <summary>All, where they stand.</summary>
    All,

    /// <summary>Those of rows of which a token stays.</summary>
    NonEmptyRows,

    /// <summary>One per frame of which a token stays, after its tokens.</summary>
    OnePerFrame,

    /// <summary>All of a frame of which a token stays, after its tokens.</summary>
    AfterFrame,
}
