using System.Collections.Concurrent;
using System.Threading.Channels;
using HieraVid.Contracts;

namespace HieraVid.Queue.Tests;

/// <summary>Writes jobs down in memory, as a test tells it to.</summary>
internal sealed class Intake(Func<SubmitVideoJob, Task>? before = null, Func<TellVideoJob, Task>? tell = null) : IJobIntake
{
    private readonly ConcurrentDictionary<Guid, SubmitVideoJob> _jobs = new();
    private readonly Channel<Guid> _returned = Channel.CreateUnbounded<Guid>();

    /// <summary>In the order in which they came.</summary>
    internal ConcurrentQueue<Guid> Calls { get; } = new();

    internal ConcurrentQueue<CancelVideoJob> Cancelled { get; } = new();

    internal ICollection<Guid> Jobs => _jobs.Keys;

    public async Task AcceptAsync(SubmitVideoJob job, CancellationToken cancellation)
    {
        Calls.Enqueue(job.JobId);
        try
        {
            if (before is not null)
                await before(job);
            _jobs.TryAdd(job.JobId, job);
        }
        finally
        {
            _returned.Writer.TryWrite(job.JobId);
        }
    }

    public Task CancelAsync(CancelVideoJob order, CancellationToken cancellation)
    {
        Cancelled.Enqueue(order);
        _returned.Writer.TryWrite(order.JobId);
        return Task.CompletedTask;
    }

    internal ConcurrentQueue<TellVideoJob> Asked { get; } = new();

    public Task TellAsync(TellVideoJob question, CancellationToken cancellation)
    {
        Asked.Enqueue(question);
        return tell is null ? Task.CompletedTask : tell(question);
    }

    /// <summary>Waits until so many calls more have returned.</summary>
    internal async Task ReturnedAsync(int calls)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        for (var i = 0; i < calls; i++)
            await _returned.Reader.ReadAsync(limit.Token);
    }
}
