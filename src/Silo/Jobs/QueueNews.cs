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

    public Task ProgressAsync(JobStatus job, TextPiece? text)
    {
        // Not waited for: nobody is to be held up by it.
        _ = TryAsync(job.Id, JobMessages.Progress(job, text, time.GetUtcNow()));
        return Task.CompletedTask;
    }

    public async Task EndedAsync(JobStatus job)
    {
        using var patience = new CancellationTokenSource(s_patience);
        await events.PublishAsync(JobMessages.End(job, time.GetUtcNow()), patience.Token);
    }

    private async Task TryAsync(string job, VideoJobEvent happened)
    {
        try
        {
            using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            await events.PublishAsync(happened, soon.Token);
        }
        catch (Exception e)
        {
            Untold(log, job, e.Message);
        }
    }

    [LoggerMessage(LogLevel.Debug, "Progress of job {job} could not be told: {reason}")]
    private static partial void Untold(ILogger log, string job, string reason);
}
