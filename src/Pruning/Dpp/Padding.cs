namespace HieraVid.Pruning.Dpp;

/// <summary>Lengths rounded up, so that loops over vectors need no remainder.</summary>
internal static class Padding
{
    // The longest vectors of today have 16 floats.
    private const int Vector = 16;

    /// <summary>To whole vectors.</summary>
    internal static int ToVectors(int length) => (length + Vector - 1) / Vector * Vector;

    /// <summary>To whole groups of four vectors.</summary>
    internal static int ToQuads(int length) => (length + 4 * Vector - 1) / (4 * Vector) * (4 * Vector);
}
