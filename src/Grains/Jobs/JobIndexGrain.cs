using Orleans.Concurrency;

namespace HieraVid.Grains;

/// <summary>Knows which jobs there are.</summary>
public interface IJobIndexGrain : IGrainWithIntegerKey
{
    /// <summary>Notes a job.</summary>
    Task Add(string job, DateTimeOffset submitted);

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
}

/// <inheritdoc cref="IJobIndexGrain"/>
[Reentrant]
internal sealed class JobIndexGrain([PersistentState("index", ClusterOptions.Storage)] IPersistentState<JobIndexRecord> stored) : Grain, IJobIndexGrain
{
    private const int Most = 2_000;

    private Task _writing = Task.CompletedTask;
    private bool _isWaiting;

    public async Task Add(string job, DateTimeOffset submitted)
    {
        if (!stored.State.Jobs.TryAdd(job, submitted))
            return;
        foreach (var (old, _) in stored.State.Jobs.OrderBy(known => known.Value).Take(stored.State.Jobs.Count - Most).ToList())
            stored.State.Jobs.Remove(old);
        // Jobs that come while the index is being written are written together with the next.
        if (!_isWaiting)
        {
            _isWaiting = true;
            _writing = WriteAfterAsync(_writing);
        }
        await _writing;
    }

    public Task<List<string>> Newest(int most) =>
        Task.FromResult(stored.State.Jobs.OrderByDescending(known => known.Value).Take(most).Select(known => known.Key).ToList());

    private async Task WriteAfterAsync(Task earlier)
    {
        await earlier.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        _isWaiting = false;
        await stored.WriteStateAsync();
    }
}
