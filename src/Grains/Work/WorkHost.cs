using HieraVid.Pipeline;
using HieraVid.Pipeline.Blobs;
using HieraVid.Pipeline.Running;
using HieraVid.Pipeline.Sources;
using HieraVid.Pipeline.Stages;
using HieraVid.Pipeline.Tokens;
using HieraVid.Video;

namespace HieraVid.Grains;

/// <summary>What a silo has for its workers: the store, the ceilings, and its devices.</summary>
/// <param name="Silo">Its name and roles.</param>
/// <param name="Blobs">The store that all silos share.</param>
/// <param name="Shelf">The videos in the store.</param>
/// <param name="Limits">Ceilings on what a video may cost; the server's own, whatever a request asks for.</param>
/// <param name="Devices">Where models are; none on a silo that only decodes.</param>
/// <param name="Decoders">Chunks that it decodes at once.</param>
public sealed record WorkHost(SiloIdentity Silo, IBlobs Blobs, VideoShelf Shelf, VideoLimits Limits, IReadOnlyList<WorkDevice> Devices, int Decoders = 1)
{
    /// <summary>Most bytes that the store may hold of the tokens of all jobs together.</summary>
    public long StoreBytes { get; init; } = TokenStore.DefaultLimitBytes;

    /// <summary>Fetches videos that lie on the web; by itself it refuses them all.</summary>
    public UrlFetcher Web { get; init; } = new(new UrlRules());

    /// <summary>How a stage is done: as it is, unless a test puts a fault before it or a benchmark sleeps in its place.</summary>
    public StageRun Run { get; init; } = static (_, _, stage, _) => stage();
}

/// <summary>Runs the stage that a piece of work comes to.</summary>
/// <param name="item">The work.</param>
/// <param name="worker">The key of the worker that has it.</param>
/// <param name="stage">Does it.</param>
/// <param name="cancellation">Ends it.</param>
public delegate Task<WorkDone> StageRun(WorkItem item, string worker, Func<Task<WorkDone>> stage, CancellationToken cancellation);

/// <summary>A device of a silo: one batch at a time, whoever asks.</summary>
/// <param name="name">What others know it by.</param>
/// <param name="model">The model on it; stays the caller's.</param>
/// <param name="tokenBytes">Most bytes of tokens that stay there between a chunk's encoding and the plan.</param>
public sealed class WorkDevice(string name, LoadedModel model, long tokenBytes = WorkDevice.DefaultTokenBytes) : IDisposable
{
    /// <summary>1 GB: 40 chunks of 64 frames of a small model, 11 of a 7B one.</summary>
    public const long DefaultTokenBytes = 1_000_000_000;

    private readonly SemaphoreSlim _turn = new(1);
    private readonly TokenCache _cache = new(tokenBytes);

    /// <summary>What others know it by.</summary>
    public string Name => name;

    /// <summary>Does one thing on the device, alone.</summary>
    internal async Task<T> UseAsync<T>(Func<TokenStages, AnswerStages, T> work, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return work(new TokenStages(model, _cache), new AnswerStages(model));
        }
        catch (Exception e) when (ProcessMemory.IsUsedUp(e))
        {
            // All of it is in the store; the work is given again, and finds the device empty.
            _cache.Spill();
            throw;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Bytes of tokens that it holds.</summary>
    internal long HeldBytes => _cache.HeldBytes;

    /// <summary>Frees the tokens that it holds of a job.</summary>
    internal void Forget(string job) => _cache.Forget(job);

    /// <summary>Frees the tokens that it holds.</summary>
    public void Dispose()
    {
        _cache.Dispose();
        _turn.Dispose();
    }
}

/// <summary>The jobs that a worker was last at, so that it does not read the same sheets again and again.</summary>
/// <param name="blobs">The store.</param>
internal sealed class OpenJobs(IBlobs blobs)
{
    private const int Most = 4;

    private readonly List<OpenJob> _jobs = [];

    internal OpenJob Open(string id)
    {
        var job = _jobs.Find(job => job.Id == id) ?? new OpenJob(id, blobs);
        _jobs.Remove(job);
        _jobs.Insert(0, job);
        if (_jobs.Count > Most)
            _jobs.RemoveAt(Most);
        return job;
    }
}
