using HieraVid.Contracts;
using MassTransit;

namespace HieraVid.Queue;

/// <summary>Takes submitted jobs.</summary>
internal sealed class SubmitConsumer(IJobIntake intake, JobEvents events, TimeProvider clock) : IConsumer<SubmitVideoJob>
{
    public async Task Consume(ConsumeContext<SubmitVideoJob> context)
    {
        var job = context.Message;
        // Told even if it was known: the silo that wrote it down may have ended before it could tell.
        await intake.AcceptAsync(job, context.CancellationToken).ConfigureAwait(false);
        QueueMetrics.Waited(job.SubmittedAt, clock.GetUtcNow());
        await events.PublishAsync(new VideoJobAccepted { JobId = job.JobId, At = clock.GetUtcNow() }, context.CancellationToken).ConfigureAwait(false);
    }
}

/// <summary>Takes orders to end a job.</summary>
internal sealed class CancelConsumer(IJobIntake intake) : IConsumer<CancelVideoJob>
{
    public Task Consume(ConsumeContext<CancelVideoJob> context) => intake.CancelAsync(context.Message, context.CancellationToken);
}

/// <summary>Takes questions about where a job stands.</summary>
internal sealed class TellConsumer(IJobIntake intake) : IConsumer<TellVideoJob>
{
    public Task Consume(ConsumeContext<TellVideoJob> context) => intake.TellAsync(context.Message, context.CancellationToken);
}
