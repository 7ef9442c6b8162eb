using System.Diagnostics;
using HieraVid.Grains;
using HieraVid.Pipeline.Jobs;

namespace HieraVid.Bench.Cluster;

/// <summary>An hour of video at one frame per second, cut into chunks of 16: the wall time against the ideal schedule.</summary>
internal static class Overhead
{
    private const int Chunks = 3600 / SimulatedStages.ChunkFrames;

    internal static async Task<Dictionary<string, double>> RunAsync(int devices)
    {
        var stages = new SimulatedStages(Chunks, StageTimes.Video);
        using var meter = new CallMeter();
        var silos = Math.Max(1, devices / 8);
        await using var cluster = await BenchCluster.StartAsync(stages, meter, silos, devices / silos);
        // The first job of a process meets code that is not compiled yet.
        await JobAsync(cluster, new JobRequest { VideoPath = "/none", Question = "?" }, cancelAfter: TimeSpan.FromSeconds(3));
        meter.Reset();
        stages.Reset();
        var seconds = await JobAsync(cluster, new JobRequest { VideoPath = "/none", Question = "?" });
        var (ideal, gaps) = (stages.Ideal(devices).TotalSeconds, stages.GapMilliseconds);
        var measured = new Dictionary<string, double>
        {
            ["devices"] = devices,
            ["silos"] = silos + 1,
            ["seconds"] = seconds,
            ["ideal"] = ideal,
            ["efficiencyPercent"] = 100 * ideal / seconds,
            ["messagesPerChunk"] = meter.Messages / (double)Chunks,
            ["bytesPerChunk"] = meter.Bytes / (double)Chunks,
            ["standStillP50"] = CallMeter.Quantile(gaps, 0.5),
            ["standStillP99"] = CallMeter.Quantile(gaps, 0.99),
        };
        foreach (var method in (string[])["Report", "Complete", "Offer", "Renew"])
        {
            var times = meter.Milliseconds(method);
            measured[$"{method}Calls"] = times.Count;
            measured[$"{method}P50"] = CallMeter.Quantile(times, 0.5);
            measured[$"{method}P99"] = CallMeter.Quantile(times, 0.99);
        }
        return measured;
    }

    private static async Task<double> JobAsync(BenchCluster cluster, JobRequest request, TimeSpan? cancelAfter = null)
    {
        var job = cluster.Grains.GetGrain<IVideoJobGrain>(Guid.NewGuid().ToString("N"));
        var clock = Stopwatch.StartNew();
        await job.Submit(new Submission(ClusterHosting.Pack(request), request.VideoPath, request.Question));
        while (await job.Status() is { IsOver: false } status)
        {
            if (clock.Elapsed > cancelAfter)
                await job.Cancel();
            // Little against what is measured.
            await Task.Delay(20);
        }
        return clock.Elapsed.TotalSeconds;
    }
}
