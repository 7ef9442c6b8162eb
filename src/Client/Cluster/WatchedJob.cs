using HieraVid.Client.Output;
using HieraVid.Contracts;
using HieraVid.Pipeline.Jobs;

namespace HieraVid.Client.Cluster;

/// <summary>What is shown of a job that is watched, from wherever it comes.</summary>
/// <param name="IsKnown">Whether the cluster knows the job.</param>
/// <param name="Stages">How far its stages are.</param>
/// <param name="Text">The answer as far as it is written.</param>
internal sealed record WatchedJob(bool IsKnown, IReadOnlyList<JobProgress> Stages, string Text)
{
    /// <summary>Whether it is over; completed where <see cref="Fault"/> is null.</summary>
    internal bool IsOver { get; private init; }

    /// <summary>Why there is no answer.</summary>
    internal JobException? Fault { get; private init; }

    /// <summary>As an ingress silo tells it.</summary>
    internal static async IAsyncEnumerable<WatchedJob> Of(IAsyncEnumerable<JobView> told)
    {
        await foreach (var job in told.ConfigureAwait(false))
        {
            yield return new WatchedJob(true, [.. StagesOf(job)], job.Text)
            {
                IsOver = job.IsOver,
                Fault = job is { IsOver: true, Phase: not "completed" } ? Failed(job.Fault, job.IsUsersMistake) : null,
            };
        }
    }

    /// <summary>As the broker tells it.</summary>
    internal static async IAsyncEnumerable<WatchedJob> Of(IAsyncEnumerable<VideoJobReader> told)
    {
        await foreach (var job in told.ConfigureAwait(false))
        {
            yield return new WatchedJob(job.IsKnown, [.. job.Stages.Values.OrderBy(stage => stage.Sequence).SelectMany(Stage)], job.Text)
            {
                IsOver = job.End is not null,
                Fault = job.End is VideoJobFailed failed ? Failed(failed.Failure == JobFailure.Cancelled ? null : failed.Reason, failed.Failure == JobFailure.Refused) : null,
            };
        }
    }

    private static JobException Failed(string? reason, bool isUsersMistake) => isUsersMistake && reason is not null
        ? JobException.Bad(reason)
        : JobException.Ours(reason ?? "The job was cancelled.");

    private static IEnumerable<JobProgress> StagesOf(JobView job)
    {
        if (job.Stage is { Stage: "probe" or "prefill" } stage)
        {
            foreach (var progress in Progress(stage.Stage, stage.Done, stage.Total, stage.Note))
                yield return progress;
        }
        if (job.Chunks > 0)
            yield return new JobProgress(JobStage.Decode, job.Decoded, job.Chunks);
        if (job.Chunks > 0)
            yield return new JobProgress(JobStage.Encode, job.Encoded, job.Chunks, Count.Of(job.Chunks, "chunk"));
        if (job.Pieces > 0)
            yield return new JobProgress(JobStage.Prune, job.Applied, job.Pieces, Count.Of(job.Pieces, "piece"));
    }

    private static IEnumerable<JobProgress> Stage(VideoJobProgress told) => Progress(told.Stage, told.Done, told.Total, told.Note);

    // A cluster that is newer than this program may have stages that it does not know. The answer shows itself.
    private static IEnumerable<JobProgress> Progress(string name, int done, int total, string note) =>
        Enum.TryParse<JobStage>(name, ignoreCase: true, out var stage) && stage != JobStage.Generate && (stage != JobStage.Probe || note.Length > 0)
            ? [new JobProgress(stage, done, total, note.Length > 0 ? note : stage switch
            {
                JobStage.Encode => Count.Of(total, "chunk"),
                JobStage.Prune => Count.Of(total, "piece"),
                JobStage.Prefill => Count.Of(total, "layer"),
                _ => "",
            })]
            : [];
}
