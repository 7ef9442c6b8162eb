using HieraVid.Contracts;
using HieraVid.Grains;

namespace HieraVid.Silo;

/// <summary>Says in the queue's words where a job stands.</summary>
internal static class JobMessages
{
    private static long s_last;

    /// <summary>The stage that got on, with what was added to the answer.</summary>
    internal static VideoJobProgress Progress(JobStatus job, TextPiece? text, DateTimeOffset now) => new()
    {
        JobId = Guid.ParseExact(job.Id, "N"),
        Sequence = Next(now),
        At = now,
        Stage = job.Stage?.Stage ?? "",
        Done = job.Stage?.Done ?? 0,
        Total = job.Stage?.Total ?? 1,
        Note = job.Stage?.Note ?? "",
        Text = text?.Text ?? "",
        TextStart = text?.Start ?? 0,
    };

    /// <summary>All that there is to know of a job, for somebody who knows nothing of it.</summary>
    internal static IEnumerable<VideoJobEvent> Whole(JobStatus job, DateTimeOffset now)
    {
        if (job.IsOver)
            return [End(job, now)];
        List<VideoJobEvent> events = [new VideoJobAccepted { JobId = Guid.ParseExact(job.Id, "N"), At = now }];
        if (job.Chunks > 0)
        {
            events.Add(Stage("decode", job.Decoded, job.Chunks));
            events.Add(Stage("encode", job.Encoded, job.Chunks));
        }
        if (job.Pieces > 0)
            events.Add(Stage("prune", job.Applied, job.Pieces));
        if (job.Stage is not null || job.Text.Length > 0)
            events.Add(Progress(job, new TextPiece(0, job.Text), now));
        return events;

        VideoJobProgress Stage(string stage, int done, int total) => Progress(job with { Stage = new StageProgress(stage, done, total, "") }, null, now);
    }

    /// <summary>The event that ends a job; the same each time.</summary>
    internal static VideoJobEvent End(JobStatus job, DateTimeOffset now)
    {
        var (id, at) = (Guid.ParseExact(job.Id, "N"), job.Ended ?? now);
        return job.Phase == "completed"
            ? new VideoJobCompleted
            {
                JobId = id,
                Sequence = long.MaxValue,
                At = at,
                Answer = job.Text,
                Finish = job.Finish,
                Result = $"jobs/{job.Id}/result.json",
                Seconds = (at - job.Submitted).TotalSeconds,
            }
            : new VideoJobFailed
            {
                JobId = id,
                Sequence = long.MaxValue,
                At = at,
                Reason = job.Fault ?? "The job was cancelled.",
                Failure = job.Fault is null ? JobFailure.Cancelled : job.IsUsersMistake ? JobFailure.Refused : JobFailure.Internal,
            };
    }

    // The clock's, so that another silo that takes a job over counts on; and of two at one tick one is the later.
    private static long Next(DateTimeOffset now)
    {
        for (var last = Volatile.Read(ref s_last); ;)
        {
            var next = Math.Max(now.UtcTicks, last + 1);
            if (Interlocked.CompareExchange(ref s_last, next, last) is var seen && seen == last)
                return next;
            last = seen;
        }
    }
}
