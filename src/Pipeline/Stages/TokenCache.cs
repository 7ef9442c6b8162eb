using HieraVid.Pruning;

namespace HieraVid.Pipeline.Stages;

/// <summary>
/// Chunks' tokens that stay on the device that made them until the plan comes. All of them are in the store, too, so under
/// memory pressure the one that was used longest ago is freed.
/// </summary>
/// <param name="limitBytes">Most that it holds.</param>
internal sealed class TokenCache(long limitBytes) : IDisposable
{
    private readonly LinkedList<Entry> _entries = [];
    private readonly Lock _lock = new();

    /// <summary>Takes over a chunk.</summary>
    internal void Put((string Job, int Chunk) key, TokenChunk chunk)
    {
        lock (_lock)
        {
            if (Find(key) is { } old)
                Drop(old);
            _entries.AddFirst(new Entry(key, chunk));
            Shrink();
        }
    }

    /// <summary>A chunk, for use until the lease is disposed.</summary>
    /// <param name="key">Which.</param>
    /// <param name="load">Reads it where it is not held; what it reads is held from then on.</param>
    internal Lease Take((string Job, int Chunk) key, Func<TokenChunk> load)
    {
        lock (_lock)
        {
            if (Find(key) is { } held)
            {
                _entries.Remove(held);
                _entries.AddFirst(held);
                held.Users++;
                return new Lease(this, held);
            }
        }
        var entry = new Entry(key, load()) { Users = 1 };
        lock (_lock)
        {
            _entries.AddFirst(entry);
            Shrink();
            return new Lease(this, entry);
        }
    }

    /// <summary>Bytes that it holds.</summary>
    internal long HeldBytes
    {
        get
        {
            lock (_lock)
                return _entries.Sum(entry => entry.Bytes);
        }
    }

    /// <summary>Frees all that is not in use: the device's memory is used up.</summary>
    internal void Spill()
    {
        lock (_lock)
        {
            foreach (var entry in _entries.Where(entry => entry.Users == 0).ToList())
                Drop(entry);
        }
    }

    /// <summary>Frees a job's chunks.</summary>
    internal void Forget(string job)
    {
        lock (_lock)
        {
            foreach (var entry in _entries.Where(entry => entry.Key.Job == job).ToList())
                Drop(entry);
        }
    }

    /// <summary>Frees everything.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var entry in _entries.ToList())
                Drop(entry);
        }
    }

    private Entry? Find((string Job, int Chunk) key) => _entries.FirstOrDefault(entry => entry.Key == key);

    private void Shrink()
    {
        var held = _entries.Sum(entry => entry.Bytes);
        foreach (var entry in _entries.Reverse().Where(entry => entry.Users == 0).ToList())
        {
            if (held <= limitBytes)
                return;
            held -= entry.Bytes;
            Drop(entry);
        }
    }

    // What is in use is freed by its last user.
    private void Drop(Entry entry)
    {
        _entries.Remove(entry);
        entry.IsDropped = true;
        if (entry.Users == 0)
            entry.Free();
    }

    private void Release(Entry entry)
    {
        lock (_lock)
        {
            if (--entry.Users == 0 && entry.IsDropped)
                entry.Free();
            Shrink();
        }
    }

    /// <summary>A chunk in use.</summary>
    internal readonly struct Lease : IDisposable
    {
        private readonly TokenCache _cache;
        private readonly Entry _entry;

        internal Lease(TokenCache cache, Entry entry) => (_cache, _entry) = (cache, entry);

        internal TokenChunk Chunk => _entry.Chunk;

        public void Dispose() => _cache.Release(_entry);
    }

    internal sealed class Entry((string Job, int Chunk) key, TokenChunk chunk)
    {
        internal (string Job, int Chunk) Key => key;

        internal TokenChunk Chunk => chunk;

        internal int Users { get; set; }

        internal bool IsDropped { get; set; }

        internal long Bytes { get; } = chunk.Signals.Values.Append(chunk.Tokens).Sum(tensor => tensor.NumberOfElements * tensor.ElementSize);

        internal void Free()
        {
            foreach (var tensor in chunk.Signals.Values.Append(chunk.Tokens))
                tensor.Dispose();
        }
    }
}
