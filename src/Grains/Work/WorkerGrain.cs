using System.Diagnostics;
using HieraVid.Models;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Stages;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace HieraVid.Grains;

/// <summary>
/// Takes one piece of work after the other from the board and does it on the thread pool, never on the grain's scheduler.
/// While it is at it the lease is kept; when the board says so it stops.
/// </summary>
/// <param name="role">The work it takes.</param>
/// <param name="services">The silo's services.</param>
[Reentrant]
internal abstract class WorkerGrain(Roles role, IServiceProvider services) : Grain, IWorkerGrain, IDisposable
{
    // A database that is restarted is back by then.
    private const int MaxReports = 20;

    private readonly ClusterOptions _options = services.GetRequiredService<ClusterOptions>();
    private readonly ILogger _log = services.GetRequiredService<ILoggerFactory>().CreateLogger<WorkerGrain>();
    private readonly CancellationTokenSource _noMore = new();
    private CancellationTokenSource? _current;
    private WorkItem? _item;
    private Task? _loop;
    private int _done;

    internal static IWorkerGrain Find(IGrainFactory grains, Roles role, string worker) => role switch
    {
        Roles.Cpu => grains.GetGrain<IDecoderGrain>(worker),
        Roles.Gpu => grains.GetGrain<IGpuGrain>(worker),
        _ => grains.GetGrain<IAggregatorGrain>(worker),
    };

    /// <summary>The silo's store, limits and devices.</summary>
    protected WorkHost Host { get; } = services.GetRequiredService<WorkHost>();

    /// <summary>The jobs that it was at lately.</summary>
    protected OpenJobs Jobs { get; } = new(services.GetRequiredService<WorkHost>().Blobs);

    /// <summary>Which of the silo's devices or slots it has.</summary>
    protected int Number => WorkerKey.NumberOf(Key);

    /// <summary>What it computes on.</summary>
    protected abstract string Device { get; }

    private string Key => this.GetPrimaryKeyString();

    private IWorkBoardGrain Board => GrainFactory.GetGrain<IWorkBoardGrain>(0);

    public Task Start()
    {
        _loop ??= LoopAsync();
        return Task.CompletedTask;
    }

    public Task Abandon(string job)
    {
        if (_item?.Job == job)
            _current?.Cancel();
        Forget(job);
        return Task.CompletedTask;
    }

    public async Task Drain()
    {
        await _noMore.CancelAsync();
        if (_loop is null)
            return;
        // What is not done by then is handed back and done elsewhere.
        if (await Task.WhenAny(_loop, Task.Delay(_options.Drain)) != _loop)
            _current?.Cancel();
        await _loop;
    }

    public Task<WorkerStatus> Status() =>
        Task.FromResult(new WorkerStatus(Key, WorkerKey.SiloOf(Key)!, Device, _item?.ToString() ?? "", _done));

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await _noMore.CancelAsync();
        _current?.Cancel();
        if (_loop is not null)
            await _loop.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    public void Dispose() => _noMore.Dispose();

    /// <summary>Frees what is held for a job.</summary>
    /// <param name="job">The job.</param>
    protected virtual void Forget(string job)
    {
    }

    /// <summary>Does a piece of work, on a thread of the pool.</summary>
    /// <param name="item">The work.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellation">Ends it.</param>
    protected abstract Task<WorkDone> DoAsync(WorkItem item, WorkProgress progress, CancellationToken cancellation);

    private async Task LoopAsync()
    {
        while (!_noMore.IsCancellationRequested)
        {
            try
            {
                if (await Board.Take(role, Key, _noMore.Token) is { } item)
                    await DoAsync(item);
            }
            catch (Exception e) when (!_noMore.IsCancellationRequested)
            {
                // The board, the job or their silo is gone; they come back elsewhere.
                _log.OutOfReach(Key, e.Message);
                await Task.Delay(TimeSpan.FromSeconds(1));
            }
            catch (Exception) when (_noMore.IsCancellationRequested)
            {
            }
        }
    }

    private async Task DoAsync(WorkItem item)
    {
        using var scope = _log.Work(item);
        using var span = Traces.Start(item, Key);
        // A video may have to be fetched before it is looked at.
        var limit = item.Kind is WorkKind.Answer or WorkKind.Probe ? _options.AnswerLimit : _options.ChunkLimit;
        using var current = new CancellationTokenSource(limit);
        (_current, _item) = (current, item);
        var start = Stopwatch.GetTimestamp();
        var progress = new WorkProgress();
        var working = Task.Run(() => Host.Run(item, Key, () => DoAsync(item, progress, current.Token), current.Token), CancellationToken.None);
        try
        {
            await KeepLeaseAsync(item, working, progress, current);
            var done = await Outcome(item, working, Stopwatch.GetElapsedTime(start) >= limit, current.Token);
            if (done is null or { Fault.Length: > 0 })
                span?.SetStatus(ActivityStatusCode.Error, done?.Fault ?? "stopped, or tried again");
            if (done is not null)
            {
                await ReportAsync(done);
                await Board.Complete(item, Key);
                Metrics.WorkTook(item.Kind, Stopwatch.GetElapsedTime(start));
                _done++;
            }
        }
        finally
        {
            (_current, _item) = (null, null);
        }
    }

    // The job's silo or the database may be away for a moment: what is done would be done again after the lease.
    private async Task ReportAsync(WorkDone done)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await GrainFactory.GetGrain<IVideoJobGrain>(done.Item.Job).Report(done);
                return;
            }
            catch (Exception e) when (attempt < MaxReports && !_noMore.IsCancellationRequested)
            {
                _log.OutOfReach(Key, e.Message);
                await Task.Delay(TimeSpan.FromSeconds(1));
                await Board.Renew(done.Item, Key);
            }
        }
    }

    // Renews at a third of the lease, and passes on what the work says of itself.
    private async Task KeepLeaseAsync(WorkItem item, Task working, WorkProgress progress, CancellationTokenSource current)
    {
        var (renewed, shown) = (Stopwatch.GetTimestamp(), 0);
        var job = GrainFactory.GetGrain<IVideoJobGrain>(item.Job);
        while (await Task.WhenAny(working, Task.Delay(WorkProgress.Period)) != working)
        {
            foreach (var stage in progress.TakeStages())
                await job.Progress(stage);
            if (progress.TakeText(ref shown) is { } text)
                await job.Text(text);
            if (current.IsCancellationRequested || Stopwatch.GetElapsedTime(renewed) < _options.Lease / 3)
                continue;
            renewed = Stopwatch.GetTimestamp();
            try
            {
                if (!await Board.Renew(item, Key))
                    await current.CancelAsync();
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                _log.NotRenewed(item, e.Message);
            }
        }
        foreach (var stage in progress.TakeStages())
            await job.Progress(stage);
    }

    private async Task<WorkDone?> Outcome(WorkItem item, Task<WorkDone> working, bool tookTooLong, CancellationToken cancellation)
    {
        try
        {
            return await working;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            _log.Stopped(item);
            // What always takes too long would come back for ever if it did not count as failed.
            await Board.HandBack(item, Key, tookTooLong ? "It took too long" : "");
            return null;
        }
        catch (NoRoomYetException)
        {
            await Board.Postpone(item, Key);
            return null;
        }
        // A place that cannot be read or written now may be there again in a moment.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException || e is ModelException { InnerException: IOException })
        {
            _log.TriedAgain(e, item);
            await Board.HandBack(item, Key, e.Message);
            return null;
        }
        catch (Exception e) when (JobFault.Of(e) is { } fault)
        {
            return new WorkDone(item) { Fault = fault.Reason, IsUsersMistake = fault.IsUsersMistake };
        }
        catch (Exception e)
        {
            _log.TriedAgain(e, item);
            await Board.HandBack(item, Key, $"{e.GetType().Name}: {e.Message}");
            return null;
        }
    }
}
