namespace TorchSharp;

/// <summary>
/// Owns every tensor made on this thread while it is the innermost scope, and frees them on <see cref="Dispose"/>.
/// A tensor that must live longer is moved to the outer scope or detached. Scopes belong to one thread: no await inside.
/// </summary>
public sealed class DisposeScope : IDisposable
{
    [ThreadStatic] private static DisposeScope? s_current;

    private readonly HashSet<IDisposable> _owned = new(ReferenceEqualityComparer.Instance);
    private bool _disposed;

    internal DisposeScope()
    {
        OuterScope = s_current;
        s_current = this;
    }

    internal DisposeScope? OuterScope { get; }

    internal static DisposeScope? Current => s_current;

    internal void Add(IDisposable disposable) => _owned.Add(disposable);

    internal void Remove(IDisposable disposable) => _owned.Remove(disposable);

    /// <summary>Frees what the scope still owns. Scopes end in the reverse order of their beginning.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        s_current = OuterScope;
        foreach (var item in _owned.ToArray())
            item.Dispose();
        _owned.Clear();
    }
}
