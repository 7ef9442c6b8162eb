using HieraVid.Grains;
using HieraVid.Pipeline.Blobs;
using HieraVid.Pipeline.Jobs;

namespace HieraVid.Silo;

/// <summary>Looks at the cluster now and then, for metrics: these are read without waiting.</summary>
/// <param name="grains">Finds board and index.</param>
/// <param name="blobs">The store.</param>
/// <param name="log">Told what could not be seen.</param>
internal sealed partial class ClusterSampler(IGrainFactory grains, IBlobs blobs, ILogger<ClusterSampler> log) : BackgroundService
{
    private const int MostJobs = 200;

    // The store is listed as a whole: seldom.
    private const int RoundsPerListing = 8;

    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(15);

    private volatile ClusterSnapshot? _last;

    /// <summary>What was last seen; null before.</summary>
    internal ClusterSnapshot? Last => _last;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_period);
        long bytes = 0;
        for (var round = 0; await timer.WaitForNextTickAsync(stoppingToken); round++)
        {
            try
            {
                if (round % RoundsPerListing == 0)
                    bytes = await Task.Run(() => blobs.List("").Sum(blob => blob.Bytes), stoppingToken);
                var ids = await grains.GetGrain<IJobIndexGrain>(0).Newest(MostJobs);
                var jobs = await Task.WhenAll(ids.Select(id => grains.GetGrain<IVideoJobGrain>(id).Status()));
                var board = await grains.GetGrain<IWorkBoardGrain>(0).Status();
                _last = new ClusterSnapshot(
                    Enum.GetNames<JobPhase>().Select(phase => phase.ToLowerInvariant())
                        .ToDictionary(phase => phase, phase => jobs.OfType<JobStatus>().Count(job => job.Phase == phase)),
                    All(board.Waiting), All(board.Leased), bytes);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                Unseen(log, e.Message);
            }
        }
    }

    private static Dictionary<string, int> All(Dictionary<WorkKind, int> counts) =>
        Enum.GetValues<WorkKind>().ToDictionary(kind => $"{kind}", kind => counts.GetValueOrDefault(kind));

    [LoggerMessage(LogLevel.Debug, "The cluster could not be looked at for metrics: {reason}")]
    private static partial void Unseen(ILogger log, string reason);
}
