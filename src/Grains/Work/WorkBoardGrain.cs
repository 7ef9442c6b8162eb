using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace HieraVid.Grains;

/// <inheritdoc cref="IWorkBoardGrain"/>
[Reentrant, KeepAlive]
internal sealed class WorkBoardGrain(ClusterOptions options, TimeProvider time, ILogger<WorkBoardGrain> log) : Grain, IWorkBoardGrain
{
    // Below the 30 s after which a call's outcome is unknown.
    private static readonly TimeSpan s_wait = TimeSpan.FromSeconds(5);

    private readonly WorkQueue _queue = new(options.Lease);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var period = options.Lease / 4;
        this.RegisterGrainTimer(Expire, new GrainTimerCreationOptions(period, period) { Interleave = true });
        return Task.CompletedTask;
    }

    public Task<bool> Offer(string job, int priority, List<WorkItem> items)
    {
        var isOpen = _queue.Offer(job, priority, items, time.GetUtcNow());
        Wake();
        return Task.FromResult(isOpen);
    }

    public async Task Withdraw(string job)
    {
        foreach (var (role, worker) in _queue.Withdraw(job))
            await WorkerGrain.Find(GrainFactory, role, worker).Abandon(job);
        Wake();
    }

    public async Task<WorkItem?> Take(Roles role, string worker, CancellationToken cancellation)
    {
        var until = time.GetUtcNow() + s_wait;
        while (!cancellation.IsCancellationRequested)
        {
            var now = time.GetUtcNow();
            if (_queue.Take(role, worker, now) is { } item)
                return item;
            if (now >= until)
                return null;
            // Work becomes free by the clock, too: after a delay, or when its device did not come for it.
            await Task.WhenAny(_changed.Task, Task.Delay(TimeSpan.FromMilliseconds(500), time, cancellation));
        }
        return null;
    }

    public Task<bool> Renew(WorkItem item, string worker) => Task.FromResult(_queue.Renew(item, worker, time.GetUtcNow()));

    public Task Complete(WorkItem item, string worker)
    {
        _queue.Complete(item, worker, time.GetUtcNow());
        Metrics.WorkDone(item.Kind);
        Wake();
        return Task.CompletedTask;
    }

    public async Task HandBack(WorkItem item, string worker, string reason)
    {
        if (!_queue.HandBack(item, worker, reason.Length > 0, time.GetUtcNow()))
            await GiveUpAsync(item, $"failed {WorkQueue.MaxAttempts} times, last with: {reason.TrimEnd('.')}");
        Wake();
    }

    public Task Postpone(WorkItem item, string worker)
    {
        _queue.Postpone(item, worker, time.GetUtcNow());
        return Task.CompletedTask;
    }

    public Task<BoardStatus> Status() => Task.FromResult(_queue.Status());

    private async Task Expire(CancellationToken cancellation)
    {
        var (expired, givenUp) = _queue.Expire(time.GetUtcNow());
        if (expired.Count == 0)
            return;
        Metrics.LeasesExpired(expired.Count);
        log.Expired(expired.Count, string.Join(", ", expired));
        Wake();
        foreach (var item in givenUp)
            await GiveUpAsync(item, $"was lost with its worker {WorkQueue.MaxAttempts} times");
    }

    private Task GiveUpAsync(WorkItem item, string why) => GrainFactory.GetGrain<IVideoJobGrain>(item.Job).Report(new WorkDone(item)
    {
        Fault = $"{item.Kind} {item.Index} {why}. Look at the silos' logs and submit the job again.",
    });

    private void Wake()
    {
        var changed = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.SetResult();
    }
}
