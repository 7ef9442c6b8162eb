using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Tokens;
using HieraVid.Pruning;

namespace HieraVid.Pipeline.Running;

/// <summary>How a run uses the token store.</summary>
/// <param name="Store">The store.</param>
/// <param name="Resume">Whether to go on from the chunks that an earlier run of the same job left there.</param>
/// <param name="Keep">Whether to leave the chunks there, for other questions about the same video.</param>
public sealed record StoreUse(TokenStore Store, bool Resume = false, bool Keep = false)
{
    /// <summary>The job's part of the store; null for a job of one chunk, which would gain nothing by it.</summary>
    /// <exception cref="JobException">The store cannot be used.</exception>
    internal StoredJob? Open(
        LoadedModel model, JobRequest request, PlannedVideo video, int chunks, PruningMethod method, Action<string> note)
    {
        if (chunks <= 1 && !Resume && !Keep)
            return null;
        var network = model.Network;
        var key = JobKey.Of(request.VideoPath, video.Plan, request.ChunkFrames, model.Folders, network.Config.Variant, network.Compute, method.Signals);
        var job = Store.Open(key, video.TokenBytes(network), Resume);
        if (Resume && !Enumerable.Range(0, chunks).Any(job.Has))
            note("No earlier run of this job left anything to go on with; it was begun anew.");
        return job;
    }
}
