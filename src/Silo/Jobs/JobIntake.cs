using System.Diagnostics;
using HieraVid.Contracts;
using HieraVid.Grains;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Sources;
using HieraVid.Queue;

namespace HieraVid.Silo;

/// <summary>Hands jobs from the queue to their grains.</summary>
/// <param name="grains">Finds the grains.</param>
/// <param name="settings">Whether files on the silos' disks may be named, and which addresses.</param>
/// <param name="events">Where questions are answered.</param>
/// <param name="time">The clock.</param>
internal sealed class JobIntake(IGrainFactory grains, SiloSettings settings, JobEvents events, TimeProvider time) : IJobIntake
{
    private const string LocalPrefix = "file:";

    private readonly UrlRules _rules = settings.WebRules();

    public Task AcceptAsync(SubmitVideoJob job, CancellationToken cancellation)
    {
        var shown = VideoSource.Shown(job.Source);
        var (path, refusal) = PathOf(job.Source);
        return grains.GetGrain<IVideoJobGrain>(job.JobId.ToString("N")).Submit(
            new Submission(ClusterHosting.Pack(RequestOf(job, path)), shown, job.Question, (int)job.Priority)
            {
                Refusal = refusal,
                Trace = job.Trace.Length > 0 ? job.Trace : Activity.Current?.Id ?? "",
            });
    }

    public Task CancelAsync(CancelVideoJob order, CancellationToken cancellation) =>
        grains.GetGrain<IVideoJobGrain>(order.JobId.ToString("N")).Cancel(mayBeEarly: true);

    private static JobRequest RequestOf(SubmitVideoJob job, string path) => new()
    {
        VideoPath = path,
        Question = job.Question,
        Sampling = new SamplingRequest(job.Frames, job.Fps),
        Generation = new GenerationRequest(job.MaxTokens, job.Temperature, job.TopP, job.RepetitionPenalty, job.Seed),
        Pruning = new PruningRequest { Method = job.Method, Budget = job.Budget, Settings = job.Settings },
        ChunkFrames = job.ChunkFrames,
        AllowPartial = job.AllowPartial,
    };

    public async Task TellAsync(TellVideoJob question, CancellationToken cancellation)
    {
        var status = await grains.GetGrain<IVideoJobGrain>(question.JobId.ToString("N")).Status();
        foreach (var known in status is null ? [new VideoJobUnknown { JobId = question.JobId, At = time.GetUtcNow() }] : JobMessages.Whole(status, time.GetUtcNow()))
            await events.PublishAsync(known, cancellation);
    }

    // Where the video is, or why it is not taken. A silo that fetches it looks at the address again, and at where it leads.
    private (string Path, string Refusal) PathOf(string source)
    {
        if (settings.LocalFiles && source.StartsWith(LocalPrefix, StringComparison.Ordinal))
            return (source[LocalPrefix.Length..], "");
        try
        {
            _ = VideoSource.Parse(source, _rules);
            return (source, "");
        }
        catch (JobException e)
        {
            return ("", e.Message);
        }
    }
}
