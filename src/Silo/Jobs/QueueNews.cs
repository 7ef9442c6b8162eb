using HieraVid.Contracts;
using HieraVid.Grains;
using HieraVid.Queue;

namespace HieraVid.Silo;

/// <summary>Tells those who listen to the queue what becomes of jobs.</summary>
/// <param name="events">The queue.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told what could not be told.</param>
internal sealed partial class QueueNews(JobEvents events, TimeProvider time, ILogger<QueueNews> log) : IJobNews
{
    // Progress is worth no wait; the end of a job waits for a broker that is away, within a call's time.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    public Task AcceptedAsync(JobStatus job) => Task.CompletedTask;

    public Task ProgressAsync(JobStatus job)
    {
        // Not waited for: nobody is to be held up by it.
        _ = TryAsync(Progress(job), TimeSpan.FromSeconds(1));
        return Task.CompletedTask;
    }

    public async Task EndedAsync(JobStatus job)
    {
        using var patience = new CancellationTokenSource(s_patience);
        VideoJobEvent end = job.Phase == "completed"
            ? new VideoJobCompleted
            {
                JobId = Guid.ParseExact(job.Id, "N"),
                Sequence = long.MaxValue,
                At = job.Ended ?? time.GetUtcNow(),
                Answer = job.Text,
                Finish = job.Finish,
                Result = $"jobs/{job.Id}/result.json",
                Seconds = ((job.Ended ?? time.GetUtcNow()) - job.Submitted).TotalSeconds,
            }
            : new VideoJobFailed
            {
                JobId = Guid.ParseExact(job.Id, "N"),
                Sequence = long.MaxValue,
                At = job.Ended ?? time.GetUtcNow(),
                Reason = job.Fault ?? "The job was cancelled.",
                Failure = job.Fault is null ? JobFailure.Cancelled : job.IsUsersMistake ? JobFailure.Refused : JobFailure.Internal,
            };
        await events.PublishAsync(end, patience.Token);
    }

    private async Task TryAsync(VideoJobEvent happened, TimeSpan patience)
    {
        try
        {
            using var soon = new CancellationTokenSource(patience);
            await events.PublishAsync(happened, soon.Token);
        }
        catch (Exception e)
        {
            Untold(log, happened.JobId, e.Message);
        }
    }

    private VideoJobProgress Progress(JobStatus job)
    {
        var (stage, done, total, note) = job.Phase switch
        {
            "encoding" => ("encode", job.Encoded, job.Chunks, ""),
            "applying" => ("prune", job.Applied, job.Pieces, ""),
            "answering" when job.Stage is { } answering => (answering.Stage, answering.Done, answering.Total, answering.Note),
            _ => (job.Phase, 0, 1, ""),
        };
        return new VideoJobProgress
        {
            JobId = Guid.ParseExact(job.Id, "N"),
            Sequence = time.GetUtcNow().UtcTicks,
            At = time.GetUtcNow(),
            Stage = stage,
            Done = done,
            Total = total,
            Note = note,
            Text = job.Text,
        };
    }

    [LoggerMessage(LogLevel.Debug, "Progress of job {job} could not be told: {reason}")]
    private static partial void Untold(ILogger log, Guid job, string reason);
}
