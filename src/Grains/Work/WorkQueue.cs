namespace HieraVid.Grains;

/// <summary>The rules of the board, without grains or clocks: who gets what, and when a lease has run out.</summary>
/// <param name="lease">How long a worker may be silent.</param>
internal sealed class WorkQueue(TimeSpan lease)
{
    /// <summary>Times that a piece of work is tried before the job fails.</summary>
    internal const int MaxAttempts = 8;

    // For so long only the device that has a chunk's tokens is given what needs them.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    // Work that cannot be done yet is given again so often.
    private static readonly TimeSpan s_postponed = TimeSpan.FromSeconds(2);

    // Decoded chunks may wait in the store for each device; more would only fill it.
    private const int ChunksAhead = 2;

    // Jobs that are over, so that late words of theirs do not bring them back.
    private const int Remembered = 10_000;

    private readonly Dictionary<string, (int Priority, long Order)> _jobs = [];
    private readonly Dictionary<(string, WorkKind, int), Entry> _entries = [];
    private readonly Dictionary<(string Job, int Chunk), string> _homes = [];
    private readonly Dictionary<string, (Roles Role, DateTimeOffset Seen)> _workers = [];
    private readonly Dictionary<WorkKind, int> _completed = [];
    private readonly HashSet<string> _over = [];
    private readonly Queue<string> _overInOrder = [];
    private long _order;

    internal int Expired { get; private set; }

    /// <summary>Makes a job's work known; what is known already stays as it is.</summary>
    /// <returns>False where the job is over.</returns>
    internal bool Offer(string job, int priority, IEnumerable<WorkItem> items, DateTimeOffset now)
    {
        if (_over.Contains(job))
            return false;
        Know(job, priority);
        foreach (var item in items)
        {
            // A chunk that is offered to be decoded may have come as far as to be encoded.
            if (item.Next is { } next && _entries.ContainsKey(Key(next)))
                continue;
            _entries.TryAdd(Key(item), new Entry(item, now));
        }
        return true;
    }

    /// <summary>Forgets a job.</summary>
    /// <returns>The workers that are at it, and the devices that hold its tokens.</returns>
    internal IReadOnlyList<(Roles Role, string Worker)> Withdraw(string job)
    {
        _jobs.Remove(job);
        if (_over.Add(job))
            _overInOrder.Enqueue(job);
        if (_overInOrder.Count > Remembered)
            _over.Remove(_overInOrder.Dequeue());
        var own = _entries.Values.Where(entry => entry.Item.Job == job).ToList();
        foreach (var entry in own)
            _entries.Remove(Key(entry.Item));
        var homes = _homes.Where(home => home.Key.Job == job).ToList();
        foreach (var home in homes)
            _homes.Remove(home.Key);
        return [.. own.Where(entry => entry.Worker is not null).Select(entry => (entry.Item.Role, entry.Worker!))
            .Union(homes.Where(home => _workers.ContainsKey(home.Value)).Select(home => (Roles.Gpu, home.Value)))];
    }

    /// <summary>The work that a worker is to do; null for none.</summary>
    internal WorkItem? Take(Roles role, string worker, DateTimeOffset now)
    {
        _workers[worker] = (role, now);
        // Asked once: it looks at everything.
        var mayDecode = role == Roles.Cpu && Ahead(now);
        var best = _entries.Values
            .Where(entry => entry.Worker is null && entry.Item.Role == role && entry.NotBefore <= now
                && (entry.Item.Kind == WorkKind.Decode ? mayDecode : MayTake(entry, worker, now)))
            .MinBy(Place);
        if (best is null)
            return null;
        (best.Worker, best.Until) = (worker, now + lease);
        return best.Item;
    }

    /// <summary>Keeps a lease.</summary>
    /// <returns>False where the worker has none any more.</returns>
    internal bool Renew(WorkItem item, string worker, DateTimeOffset now)
    {
        if (!_entries.TryGetValue(Key(item), out var entry))
        {
            if (_over.Contains(item.Job))
                return false;
            // After the board was lost its workers tell the new one what they are at, perhaps before the job does.
            Know(item.Job, priority: 0);
            _entries[Key(item)] = entry = new Entry(item, now);
        }
        entry.Worker ??= worker;
        if (entry.Worker != worker)
            return false;
        entry.Until = now + lease;
        return true;
    }

    /// <summary>Takes note that work is done.</summary>
    internal void Complete(WorkItem item, string worker, DateTimeOffset now)
    {
        if (item.Kind == WorkKind.Encode)
            _homes[(item.Job, item.Chunk)] = worker;
        _completed[item.Kind] = _completed.GetValueOrDefault(item.Kind) + 1;
        if (_entries.Remove(Key(item)) && item.Next is { } next)
            _entries.TryAdd(Key(next), new Entry(next, now));
    }

    /// <summary>Takes work back from a worker.</summary>
    /// <returns>False where it was tried too often and is given up.</returns>
    internal bool HandBack(WorkItem item, string worker, bool failed, DateTimeOffset now)
    {
        if (!_entries.TryGetValue(Key(item), out var entry) || entry.Worker != worker)
            return true;
        entry.Worker = null;
        if (!failed)
            return true;
        entry.NotBefore = now + TimeSpan.FromSeconds(Math.Min(30, 0.5 * Math.Pow(2, entry.Attempts)));
        return ++entry.Attempts < MaxAttempts;
    }

    /// <summary>Takes work back that cannot be done yet.</summary>
    internal void Postpone(WorkItem item, string worker, DateTimeOffset now)
    {
        if (_entries.TryGetValue(Key(item), out var entry) && entry.Worker == worker)
            (entry.Worker, entry.NotBefore) = (null, now + s_postponed);
    }

    /// <summary>Takes work back from workers that were silent for too long.</summary>
    /// <returns>That work, and what of it is given up: so many workers were lost over it that it seems to be its own fault.</returns>
    internal (IReadOnlyList<WorkItem> Expired, IReadOnlyList<WorkItem> GivenUp) Expire(DateTimeOffset now)
    {
        var expired = _entries.Values.Where(entry => entry.Worker is not null && entry.Until < now).ToList();
        foreach (var entry in expired)
        {
            _workers.Remove(entry.Worker!);
            entry.Worker = null;
            entry.Attempts++;
        }
        Expired += expired.Count;
        return ([.. expired.Select(entry => entry.Item)], [.. expired.Where(entry => entry.Attempts >= MaxAttempts).Select(entry => entry.Item)]);
    }

    internal BoardStatus Status() => new(
        Count(entry => entry.Worker is null), Count(entry => entry.Worker is not null), new(_completed), Expired);

    private void Know(string job, int priority) =>
        _jobs[job] = (priority, _jobs.TryGetValue(job, out var known) ? known.Order : _order++);

    // Higher priority, then the older job, then the later stage; pieces are needed from the last to the first.
    private (int, long, int, int) Place(Entry entry)
    {
        var (priority, order) = _jobs.GetValueOrDefault(entry.Item.Job);
        return (-priority, order, -(int)entry.Item.Kind, entry.Item.Kind == WorkKind.Apply ? -entry.Item.Index : entry.Item.Index);
    }

    private bool MayTake(Entry entry, string worker, DateTimeOffset now) =>
        entry.Item.Kind is not (WorkKind.Summarise or WorkKind.Apply)
        || !_homes.TryGetValue((entry.Item.Job, entry.Item.Chunk), out var home)
        || home == worker || !_workers.ContainsKey(home) || now - entry.Since > s_patience;

    private bool Ahead(DateTimeOffset now)
    {
        var devices = _workers.Values.Count(worker => worker.Role == Roles.Gpu && now - worker.Seen < 2 * lease);
        var ahead = _entries.Values.Count(entry => entry.Item.Kind == WorkKind.Encode || (entry.Item.Kind == WorkKind.Decode && entry.Worker is not null));
        return ahead < ChunksAhead * (1 + devices);
    }

    private Dictionary<WorkKind, int> Count(Func<Entry, bool> which) =>
        _entries.Values.Where(which).GroupBy(entry => entry.Item.Kind).ToDictionary(group => group.Key, group => group.Count());

    private static (string, WorkKind, int) Key(WorkItem item) => (item.Job, item.Kind, item.Index);

    private sealed class Entry(WorkItem item, DateTimeOffset since)
    {
        internal WorkItem Item => item;

        internal DateTimeOffset Since => since;

        internal string? Worker { get; set; }

        internal DateTimeOffset Until { get; set; }

        internal DateTimeOffset NotBefore { get; set; }

        internal int Attempts { get; set; }
    }
}
