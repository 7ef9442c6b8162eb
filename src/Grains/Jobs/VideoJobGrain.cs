using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Stages;
using HieraVid.Pipeline.Tokens;
using Microsoft.Extensions.Logging;
using Orleans.Storage;

namespace HieraVid.Grains;

/// <inheritdoc cref="IVideoJobGrain"/>
// A job that is open is looked at every few seconds; one that is over need not stay.
[CollectionAgeLimit(Minutes = 10)]
internal sealed class VideoJobGrain(
    [PersistentState("job", ClusterOptions.Storage)] IPersistentState<JobRecord> stored, WorkHost host, ClusterOptions options,
    IJobNews news, TimeProvider time, ILogger<VideoJobGrain> log) : Grain, IVideoJobGrain, IRemindable
{
    private const string Reminder = "go on";

    // The shortest that Orleans allows: what a silo that died was driving goes on after at most so long.
    private static readonly TimeSpan s_reminderPeriod = TimeSpan.FromMinutes(1);

    private JobState _state = new();
    private readonly HashSet<int> _decoded = [];
    private JobState? _saved;
    private Task _writing = Task.CompletedTask;
    private Task? _finishing;
    private bool _isWaiting;
    private StageProgress? _stage;
    private string _text = "";
    private IGrainTimer? _offering;

    private string Id => this.GetPrimaryKeyString();

    // What is encoded was decoded, perhaps before this silo took the job over.
    private int Decoded => _decoded.Union(_state.Encoded.Keys).Count();

    private IWorkBoardGrain Board => GrainFactory.GetGrain<IWorkBoardGrain>(0);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (stored.State.Job is null)
            return Task.CompletedTask;
        _state = _saved = ExactJson.Read<JobState>(stored.State.State);
        _text = stored.State.Answer;
        GoOn();
        return Task.CompletedTask;
    }

    public async Task<JobStatus> Submit(Submission job)
    {
        if (stored.State.Job is null)
            await AcceptAsync(job);
        // Of a job that was known, too: the first time may have failed here.
        if (!stored.State.IsFinished)
        {
            await GrainFactory.GetGrain<IJobIndexGrain>(0).Add(Id, stored.State.Submitted);
            await news.AcceptedAsync(Now());
            GoOn();
        }
        return Now();
    }

    public async Task<JobStatus?> Cancel(bool mayBeEarly)
    {
        if (stored.State.Job is not null)
        {
            await HappenedAsync(new JobEvent.CancelRequested());
            return Now();
        }
        if (mayBeEarly)
        {
            stored.State.IsCancelled = true;
            await stored.WriteStateAsync();
        }
        return null;
    }

    public Task<JobStatus?> Status() => Task.FromResult(stored.State.Job is null ? null : Now());

    public async Task Report(WorkDone done)
    {
        if (stored.State.Job is null)
            return;
        if (done.AsEvent() is not { } happened)
        {
            // Nothing that the machine has to know, but whoever watches.
            if (done.Item.Kind == WorkKind.Decode && _decoded.Add(done.Item.Index))
                await ShowAsync(JobStage.Decode, Decoded, _state.Chunks.Length);
            return;
        }
        if (happened is JobEvent.Answered)
            (stored.State.Answer, stored.State.Finish, _text) = (done.Answer, done.Finish, done.Answer);
        await HappenedAsync(happened);
    }

    public async Task Progress(StageProgress progress)
    {
        if (_state.IsOver || stored.State.Job is null)
            return;
        _stage = progress;
        await news.ProgressAsync(Now(), null);
    }

    public async Task Text(TextPiece piece)
    {
        // A second worker that answers begins anew; what is known of its words stays.
        var known = _text.Length;
        if (_state.IsOver || stored.State.Job is null || piece.Start > known || piece.Start + piece.Text.Length <= known)
            return;
        _text = _text[..piece.Start] + piece.Text;
        await news.ProgressAsync(Now(), new TextPiece(known, _text[known..]));
    }

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (stored.State is { Job: not null, IsFinished: false })
        {
            GoOn();
            return;
        }
        // Again, a minute later: a worker that died with its silo may have left something after all was cleared.
        await ClearAsync();
        if (await this.GetReminder(Reminder) is { } reminder)
            await this.UnregisterReminder(reminder);
    }

    private async Task AcceptAsync(Submission job)
    {
        using var scope = log.Job(Id);
        using var span = Traces.Start("accept", Id, job.Trace);
        if (job.Refusal.Length == 0)
            await Task.Run(() => new JobBlocks(host.Blobs, Id).Put(JobBlocks.Request, job.Request));
        // Before the record: a record without a reminder would be forgotten with its silo.
        await this.RegisterOrUpdateReminder(Reminder, s_reminderPeriod, s_reminderPeriod);
        // The request is in the store, and goes with the job: it may hold an address that is a secret.
        (stored.State.Job, stored.State.Submitted) = (job with { Request = [], Trace = span?.Id ?? job.Trace }, time.GetUtcNow());
        (_state, _) = JobMachine.Step(_state, new JobEvent.Accepted());
        if (stored.State.IsCancelled)
            (_state, _) = JobMachine.Step(_state, new JobEvent.CancelRequested());
        else if (job.Refusal.Length > 0)
            (_state, _) = JobMachine.Step(_state, new JobEvent.StageFailed(new JobFault(job.Refusal, IsUsersMistake: true)));
        if (_state.IsOver)
            stored.State.Ended = stored.State.Submitted;
        try
        {
            await SaveAsync();
        }
        catch
        {
            // Or it would be taken for accepted when it comes again.
            (stored.State.Job, stored.State.Ended, _state) = (null, null, new JobState());
            throw;
        }
        log.Accepted(Id);
    }

    private async Task HappenedAsync(JobEvent happened)
    {
        var (next, commands) = JobMachine.Step(_state, happened);
        if (next == _state)
        {
            await KeepAsync();
            // Late work left its output.
            if (stored.State.IsFinished)
                await ClearAsync();
            return;
        }
        _state = next;
        if (next.IsOver)
            stored.State.Ended = time.GetUtcNow();
        // Where this fails the worker is told, and reports again; what happened stays known, and is kept with what comes next.
        await KeepAsync();
        if (next.IsOver)
        {
            await FinishAsync();
            return;
        }
        await OfferAsync(commands);
        await ShowAsync(happened);
    }

    private Task ShowAsync(JobEvent happened) => happened switch
    {
        JobEvent.Probed => ShowAsync(JobStage.Probe, 1, 1),
        JobEvent.ChunkEncoded => ShowAsync(JobStage.Encode, _state.Encoded.Count, _state.Chunks.Length),
        JobEvent.Planned => ShowAsync(JobStage.Prune, 0, _state.Pieces.Length),
        JobEvent.PieceApplied => ShowAsync(JobStage.Prune, _state.Applied.Count, _state.Pieces.Length),
        _ => Task.CompletedTask,
    };

    private Task ShowAsync(JobStage stage, int done, int total)
    {
        _stage = new StageProgress(stage.ToString().ToLowerInvariant(), done, total, "");
        return news.ProgressAsync(Now(), null);
    }

    // Takes up the work where the stored state says it is, now and again until the job is over.
    private void GoOn() => _offering ??= this.RegisterGrainTimer(OfferAllAsync, new GrainTimerCreationOptions(TimeSpan.Zero, options.OfferPeriod));

    private async Task OfferAllAsync(CancellationToken cancellation)
    {
        if (_state.IsOver)
            await FinishAsync();
        else
            await OfferAsync(JobMachine.Outstanding(_state));
    }

    private async Task OfferAsync(IReadOnlyList<JobCommand> commands)
    {
        if (commands.Count == 0)
            return;
        List<WorkItem> items = [.. commands.Select(command => WorkItem.Of(Id, command, _state)).OfType<WorkItem>().Select(item => item with { Trace = stored.State.Job!.Trace })];
        if (await Board.Offer(Id, stored.State.Job!.Priority, items) || _state.IsOver)
            return;
        // Another of this grain ended the job: one on a silo that was taken for dead and was not. What is stored is right.
        log.Overtaken(Id);
        DeactivateOnIdle();
    }

    private Task FinishAsync() => _finishing is { IsFaulted: false } ? _finishing : _finishing = FinishOnceAsync();

    // In this order: where the store or the queue is away all of it is done again, and nobody is told twice.
    private async Task FinishOnceAsync()
    {
        if (!stored.State.IsFinished)
        {
            using var scope = log.Job(Id);
            using var span = Traces.Start("end", Id, stored.State.Job!.Trace)?.SetTag("hieravid.outcome", Phase(_state));
            await KeepAsync();
            await Board.Withdraw(Id);
            await ClearAsync();
            await news.EndedAsync(Now());
            stored.State.IsFinished = true;
            try
            {
                await SaveAsync();
            }
            catch
            {
                stored.State.IsFinished = false;
                throw;
            }
            Metrics.JobEnded(Phase(_state));
            log.Ended(Id, Phase(_state));
        }
        _offering?.Dispose();
        _offering = null;
    }

    private Task ClearAsync() => Task.Run(() => new JobBlocks(host.Blobs, Id).Clear(_state.Phase == JobPhase.Completed));

    // Returns when all that happened so far is stored.
    private Task KeepAsync() => _saved == _state ? Task.CompletedTask : SaveAsync();

    // What happens while the record is being written is written together with the next.
    private async Task SaveAsync()
    {
        if (!_isWaiting)
        {
            _isWaiting = true;
            _writing = WriteAfterAsync(_writing);
        }
        await _writing;
    }

    private async Task WriteAfterAsync(Task earlier)
    {
        await earlier.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        _isWaiting = false;
        var state = _state;
        stored.State.State = ExactJson.Write(state);
        try
        {
            await stored.WriteStateAsync();
        }
        catch (InconsistentStateException)
        {
            // Written, but the answer was lost; or there are two of this grain. What is stored is right.
            DeactivateOnIdle();
            throw;
        }
        _saved = state;
    }

    private JobStatus Now() => new(Id, Phase(_state), stored.State.Job!.Video, stored.State.Job.Question, stored.State.Submitted)
    {
        Ended = stored.State.Ended,
        IsOver = _state.IsOver,
        Chunks = _state.Chunks.Length,
        Decoded = Decoded,
        Encoded = _state.Encoded.Count,
        Pieces = _state.Pieces.Length,
        Applied = _state.Applied.Count,
        Stage = _stage,
        Text = _text,
        Finish = stored.State.Finish,
        Fault = _state.Fault?.Reason,
        IsUsersMistake = _state.Fault?.IsUsersMistake ?? false,
    };

    private static string Phase(JobState state) => state.Phase.ToString().ToLowerInvariant();
}
