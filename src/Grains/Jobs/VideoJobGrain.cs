using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Stages;
using HieraVid.Pipeline.Tokens;
using Microsoft.Extensions.Logging;

namespace HieraVid.Grains;

/// <inheritdoc cref="IVideoJobGrain"/>
internal sealed class VideoJobGrain(
    [PersistentState("job", ClusterOptions.Storage)] IPersistentState<JobRecord> stored, WorkHost host, ClusterOptions options,
    IJobNews news, TimeProvider time, ILogger<VideoJobGrain> log) : Grain, IVideoJobGrain, IRemindable
{
    private const string Reminder = "go on";

    // The shortest that Orleans allows: what a silo that died was driving goes on after at most so long.
    private static readonly TimeSpan s_reminderPeriod = TimeSpan.FromMinutes(1);

    private JobState _state = new();
    private readonly HashSet<int> _decoded = [];
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
        _state = ExactJson.Read<JobState>(stored.State.State);
        _text = stored.State.Answer;
        GoOn();
        return Task.CompletedTask;
    }

    public async Task<JobStatus> Submit(Submission job)
    {
        if (stored.State.Job is not null)
            return Now();
        using var scope = log.Job(Id);
        using var span = Traces.Start("accept", Id, job.Trace);
        if (job.Refusal.Length == 0)
            await Task.Run(() => new JobBlocks(host.Blobs, Id).Put(JobBlocks.Request, job.Request));
        // Before the record: a record without a reminder would be forgotten with its silo.
        await this.RegisterOrUpdateReminder(Reminder, s_reminderPeriod, s_reminderPeriod);
        // The request is in the store, and goes with the job: it may hold an address that is a secret.
        stored.State.Job = job with { Request = [], Trace = span?.Id ?? job.Trace };
        stored.State.Submitted = time.GetUtcNow();
        (_state, _) = JobMachine.Step(_state, new JobEvent.Accepted());
        await SaveAsync();
        log.Accepted(Id);
        await GrainFactory.GetGrain<IJobIndexGrain>(0).Add(Id, stored.State.Submitted);
        await news.AcceptedAsync(Now());
        if (job.Refusal.Length > 0)
            await HappenedAsync(new JobEvent.StageFailed(new JobFault(job.Refusal, IsUsersMistake: true)));
        GoOn();
        return Now();
    }

    public async Task<JobStatus?> Cancel()
    {
        if (stored.State.Job is null)
            return null;
        await HappenedAsync(new JobEvent.CancelRequested());
        return Now();
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
        if (stored.State.Job is null || stored.State.IsFinished)
            await ForgetReminderAsync();
        else
            GoOn();
    }

    private async Task HappenedAsync(JobEvent happened)
    {
        var (next, commands) = JobMachine.Step(_state, happened);
        if (next == _state)
            return;
        var before = (_state, stored.State.Ended);
        _state = next;
        if (next.IsOver)
            stored.State.Ended = time.GetUtcNow();
        try
        {
            await SaveAsync();
        }
        catch
        {
            // The worker is told, and reports again.
            (_state, stored.State.Ended) = before;
            throw;
        }
        if (next.IsOver)
            await FinishAsync();
        else
            await OfferAsync(commands);
        if (!next.IsOver)
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

    private Task OfferAsync(IReadOnlyList<JobCommand> commands) => commands.Count == 0 ? Task.CompletedTask : Board.Offer(
        Id, stored.State.Job!.Priority, [.. commands.Select(command => WorkItem.Of(Id, command, _state)).OfType<WorkItem>().Select(item => item with { Trace = stored.State.Job.Trace })]);

    private async Task FinishAsync()
    {
        if (!stored.State.IsFinished)
        {
            using var scope = log.Job(Id);
            using var span = Traces.Start("end", Id, stored.State.Job!.Trace)?.SetTag("hieravid.outcome", Phase(_state));
            await Board.Withdraw(Id);
            await news.EndedAsync(Now());
            await Task.Run(() => new JobBlocks(host.Blobs, Id).Clear(_state.Phase == JobPhase.Completed));
            stored.State.IsFinished = true;
            await SaveAsync();
            Metrics.JobEnded(Phase(_state));
            log.Ended(Id, Phase(_state));
        }
        await ForgetReminderAsync();
        _offering?.Dispose();
        _offering = null;
    }

    private async Task ForgetReminderAsync()
    {
        if (await this.GetReminder(Reminder) is { } reminder)
            await this.UnregisterReminder(reminder);
    }

    private Task SaveAsync()
    {
        stored.State.State = ExactJson.Write(_state);
        return stored.WriteStateAsync();
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
