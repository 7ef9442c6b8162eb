using HieraVid.Contracts;
using HieraVid.Grains;
using HieraVid.Pipeline.Jobs;
using HieraVid.Queue;

namespace HieraVid.Silo;

/// <summary>Hands jobs from the queue to their grains.</summary>
/// <param name="grains">Finds the grains.</param>
/// <param name="settings">Whether files on the silos' disks may be named.</param>
internal sealed class JobIntake(IGrainFactory grains, SiloSettings settings) : IJobIntake
{
    internal const string LocalPrefix = "file:";

    public Task AcceptAsync(SubmitVideoJob job, CancellationToken cancellation) =>
        grains.GetGrain<IVideoJobGrain>(job.JobId.ToString("N")).Submit(
            new Submission(ClusterHosting.Pack(RequestOf(job)), job.Source, job.Question, (int)job.Priority));

    public Task CancelAsync(CancelVideoJob order, CancellationToken cancellation) =>
        grains.GetGrain<IVideoJobGrain>(order.JobId.ToString("N")).Cancel(mayBeEarly: true);

    internal JobRequest RequestOf(SubmitVideoJob job) => new()
    {
        VideoPath = PathOf(job.Source),
        Question = job.Question,
        Sampling = new SamplingRequest(job.Frames, job.Fps),
        Generation = new GenerationRequest(job.MaxTokens, job.Temperature, job.TopP, job.RepetitionPenalty, job.Seed),
        Pruning = new PruningRequest { Method = job.Method, Budget = job.Budget, Settings = job.Settings },
        ChunkFrames = job.ChunkFrames,
        AllowPartial = job.AllowPartial,
    };

    // What may not be read is passed on as it is: no file has such a name, and the job says so.
    private string PathOf(string source) => settings.LocalFiles && source.StartsWith(LocalPrefix, StringComparison.Ordinal)
        ? source[LocalPrefix.Length..]
        : source.StartsWith("store:", StringComparison.Ordinal) ? source : $"store:refused/{Guid.NewGuid():N}";
}
