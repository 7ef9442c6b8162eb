namespace HieraVid.Pruning;

/// <summary>An "A shape" of visible keys: the first ones, and those just before the query.</summary>
/// <param name="Initial">Keys at the beginning that every query sees.</param>
/// <param name="Local">Keys that a query sees up to and with itself, at least 1.</param>
public readonly record struct AttentionWindow(int Initial, int Local)
{
    /// <summary>Whether a query sees a key.</summary>
    public bool Sees(int query, int key) => query - key is >= 0 and var distance && (distance < Local || key < Initial);
}
