using Orleans.Concurrency;

namespace HieraVid.Grains;

/// <summary>Knows which jobs there are.</summary>
public interface IJobIndexGrain : IGrainWithIntegerKey
{
    /// <summary>Notes a job.</summary>
    Task Add(string job, DateTimeOffset submitted);

    /// <summary>
    /// Wakes the jobs that are not over, wherever their silos went. All silos call it now and then: a reminder alone would
    /// take a minute or two.
    /// </summary>
    Task LookAfter();

    /// <summary>The newest jobs, newest first.</summary>
    /// <param name="most">At most so many.</param>
    Task<List<string>> Newest(int most);
}

/// <summary>What is stored of the index.</summary>
[GenerateSerializer]
public sealed class JobIndexRecord
{
    /// <summary>The jobs with the time they were submitted.</summary>
    [Id(0)]
    public Dictionary<string, DateTimeOffset> Jobs { get; set; } = [];

    /// <summary>Those that are not known to be over.</summary>
    [Id(1)]
    public HashSet<string> Open { get; set; } = [];
}

/// <inheritdoc cref="IJobIndexGrain"/>
[Reentrant]
internal sealed class JobIndexGrain(
    [PersistentState("index", ClusterOptions.Storage)] IPersistentState<JobIndexRecord> stored, ClusterOptions options, TimeProvider time)
    : Grain, IJobIndexGrain
{
    private const int Most = 2_000;

    private Dictionary<string, DateTimeOffset> _jobs = [];
    private HashSet<string> _open = [];
    private Task _writing = Task.CompletedTask;
    private bool _isWaiting;
    private DateTimeOffset _looked;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        (_jobs, _open) = (new(stored.State.Jobs), new(stored.State.Open));
        return Task.CompletedTask;
    }

    public async Task Add(string job, DateTimeOffset submitted)
    {
        if (!_jobs.TryAdd(job, submitted))
            return;
        foreach (var (old, _) in _jobs.OrderBy(known => known.Value).Take(_jobs.Count - Most).ToList())
            _jobs.Remove(old);
        _open.Add(job);
        await SaveAsync();
    }

    public async Task LookAfter()
    {
        var now = time.GetUtcNow();
        if (now - _looked < options.OfferPeriod * 0.8)
            return;
        _looked = now;
        var over = (await Task.WhenAll(_open.ToList().Select(LookAtAsync))).OfType<string>().ToList();
        if (over.Count == 0)
            return;
        _open.ExceptWith(over);
        await SaveAsync();
    }

    private async Task SaveAsync()
    {
        // Jobs that come while the index is being written are written together with the next.
        if (!_isWaiting)
        {
            _isWaiting = true;
            _writing = WriteAfterAsync(_writing);
        }
        await _writing;
    }

    public Task<List<string>> Newest(int most) =>
        Task.FromResult(_jobs.OrderByDescending(known => known.Value).Take(most).Select(known => known.Key).ToList());

    // A job goes on by being looked at. Its name if it is over.
    private async Task<string?> LookAtAsync(string job)
    {
        try
        {
            return await GrainFactory.GetGrain<IVideoJobGrain>(job).Status() is { IsOver: false } ? null : job;
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            return null;
        }
    }

    private async Task WriteAfterAsync(Task earlier)
    {
        await earlier.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        _isWaiting = false;
        // A copy: the storage reads it on another thread, while jobs come and go here.
        stored.State = new JobIndexRecord { Jobs = new(_jobs), Open = new(_open) };
        await stored.WriteStateAsync();
    }
}
