using System.Diagnostics;
using HieraVid.Contracts;
using HieraVid.Grains;
using HieraVid.Queue;
using Microsoft.Extensions.DependencyInjection;

namespace HieraVid.Bench.Cluster;

/// <summary>Many small jobs at once, three times over: none may be lost, and the memory of the third time is that of the second.</summary>
internal static class ManyJobs
{
    private const int Rounds = 3;

    internal static async Task<Dictionary<string, double>> RunAsync(int count)
    {
        var stages = new SimulatedStages(chunks: 1, StageTimes.Small);
        using var meter = new CallMeter();
        await using var cluster = await BenchCluster.StartAsync(stages, meter, silos: 1, devicesEach: 4, answering: 4);
        var measured = new Dictionary<string, double> { ["jobs"] = count };
        for (var round = 1; round <= Rounds; round++)
        {
            var clock = Stopwatch.StartNew();
            var jobs = Enumerable.Range(0, count).Select(_ => Guid.NewGuid()).ToList();
            await SubmitAsync(cluster, jobs);
            measured[$"accepted{round}"] = clock.Elapsed.TotalSeconds;
            var (open, peak) = (jobs, 0L);
            while (open.Count > 0)
            {
                await Task.Delay(500);
                peak = Math.Max(peak, GC.GetTotalMemory(false));
                var statuses = await Task.WhenAll(open.Select(id => cluster.Grains.GetGrain<IVideoJobGrain>(id.ToString("N")).Status()));
                if (statuses.FirstOrDefault(job => job is { IsOver: true, Phase: not "completed" }) is { } failed)
                    throw new InvalidOperationException($"Job {failed.Id} is {failed.Phase}: {failed.Fault}");
                open = [.. open.Where((_, i) => statuses[i] is not { IsOver: true })];
            }
            measured[$"seconds{round}"] = clock.Elapsed.TotalSeconds;
            measured[$"perSecond{round}"] = count / clock.Elapsed.TotalSeconds;
            measured[$"peakHeapMiB{round}"] = peak / (double)(1 << 20);
            measured[$"heapMiB{round}"] = GC.GetTotalMemory(true) / (double)(1 << 20);
            measured[$"residentMiB{round}"] = Environment.WorkingSet / (double)(1 << 20);
        }
        var board = await cluster.Grains.GetGrain<IWorkBoardGrain>(0).Status();
        measured["leftOnBoard"] = board.Waiting.Values.Sum() + board.Leased.Values.Sum();
        measured["stagesPerJob"] = stages.Run / (double)(Rounds * count);
        foreach (var method in (string[])["Submit", "Report", "Complete", "Offer"])
        {
            measured[$"{method}P50"] = CallMeter.Quantile(meter.Milliseconds(method), 0.5);
            measured[$"{method}P99"] = CallMeter.Quantile(meter.Milliseconds(method), 0.99);
        }
        return measured;
    }

    // Through the broker where there is one: all of them wait in its queue; else as the queue's consumers hand them on.
    private static async Task SubmitAsync(BenchCluster cluster, IReadOnlyList<Guid> jobs)
    {
        var messages = jobs.Select(id => new SubmitVideoJob { JobId = id, Source = "file:/none", Question = "?", SubmittedAt = DateTimeOffset.UtcNow });
        if (Environment.GetEnvironmentVariable("HIERAVID_BENCH_BROKER") is { Length: > 0 } broker)
        {
            await using var client = await JobBusClient.ConnectAsync(new QueueOptions { Broker = new Uri(broker), Prefix = "hieravid-bench" }, CancellationToken.None);
            await Task.WhenAll(messages.Select(message => client.SubmitAsync(message, CancellationToken.None)));
            while ((await Task.WhenAll(jobs.Select(id => cluster.Grains.GetGrain<IVideoJobGrain>(id.ToString("N")).Status()))).Any(status => status is null))
                await Task.Delay(200);
        }
        else
        {
            var intake = cluster.Services.GetRequiredService<IJobIntake>();
            await Task.WhenAll(messages.Select(message => intake.AcceptAsync(message, CancellationToken.None)));
        }
    }
}
