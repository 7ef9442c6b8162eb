using HieraVid.Pipeline;
using HieraVid.Pipeline.Stages;
using Orleans.Concurrency;
using Orleans.Placement;

namespace HieraVid.Grains;

/// <inheritdoc cref="IDecoderGrain"/>
[RequiresRole(Roles.Cpu), Immovable, KeepAlive, Reentrant]
internal sealed class DecoderGrain(IServiceProvider services) : WorkerGrain(Roles.Cpu, services), IDecoderGrain
{
    protected override string Device => "ffmpeg";

    protected override async Task<WorkDone> DoAsync(WorkItem item, WorkProgress progress, CancellationToken cancellation)
    {
        var job = Jobs.Open(item.Job);
        if (item.Kind == WorkKind.Probe)
            await VideoStages.ProbeAsync(job, Host.Shelf, Host.Web, Host.Limits, progress.Show, cancellation);
        else
            await VideoStages.DecodeAsync(job, item.AsChunk(), Host.Shelf, Host.Limits, cancellation);
        return new WorkDone(item);
    }
}

/// <inheritdoc cref="IGpuGrain"/>
[RequiresRole(Roles.Gpu), Immovable, KeepAlive, Reentrant]
internal sealed class GpuGrain(IServiceProvider services) : WorkerGrain(Roles.Gpu, services), IGpuGrain
{
    protected override string Device => Host.Devices[Number].Name;

    // The tokens of a job that is over are of no use to anybody.
    protected override void Forget(string job) => Host.Devices[Number].Forget(job);

    protected override Task<WorkDone> DoAsync(WorkItem item, WorkProgress progress, CancellationToken cancellation) =>
        Host.Devices[Number].UseAsync((tokens, _) =>
        {
            var job = Jobs.Open(item.Job);
            switch (item.Kind)
            {
                case WorkKind.Encode:
                    return new WorkDone(item) { Frames = tokens.Encode(job, item.AsChunk(), cancellation) };
                case WorkKind.Summarise:
                    tokens.Summarise(job, item.AsSummary());
                    return new WorkDone(item);
                default:
                    tokens.Apply(job, item.AsPiece());
                    return new WorkDone(item);
            }
        }, cancellation);
}

/// <inheritdoc cref="IAggregatorGrain"/>
[RequiresRole(Roles.Prefill), Immovable, KeepAlive, Reentrant]
internal sealed class AggregatorGrain(IServiceProvider services) : WorkerGrain(Roles.Prefill, services), IAggregatorGrain
{
    protected override string Device => Host.Devices[Number].Name;

    protected override Task<WorkDone> DoAsync(WorkItem item, WorkProgress progress, CancellationToken cancellation) =>
        Host.Devices[Number].UseAsync((_, answering) =>
        {
            var job = Jobs.Open(item.Job);
            return item.Kind switch
            {
                WorkKind.Cut => new WorkDone(item) { Parts = [.. answering.Cut(job, Host.Limits, new StoreRoom(Host.Blobs, Host.StoreBytes)).Select(chunk => (chunk.FirstSample, chunk.Count))] },
                WorkKind.Plan => new WorkDone(item) { Parts = [.. answering.Plan(job).Select(piece => (piece.First, piece.Count))] },
                _ => Answered(item, answering.Answer(job, progress.Show, progress.Write, cancellation)),
            };
        }, cancellation);

    private static WorkDone Answered(WorkItem item, AnswerReport report) => new(item) { Answer = report.Answer, Finish = report.Finish };
}
