using HieraVid.Contracts;
using HieraVid.Pipeline;

namespace HieraVid.Silo.Tests;

/// <summary>Processes that join and leave a cluster under a stream of small jobs.</summary>
[Collection("clusters of processes")]
public sealed class ElasticTests
{
    [Theory]
    [MemberData(nameof(Chaos.Seeds), 1, 3, MemberType = typeof(Chaos))]
    public async Task Silos_from_one_to_four_and_back_stopped_and_killed_in_turn_lose_no_job(int seed)
    {
        var random = new Random(seed);
        await using var cluster = await ProcessCluster.CreateAsync();
        var alone = await cluster.AskAsync(Small(cluster));
        await Task.WhenAll(cluster.StartAsync("edge", "ingress"), cluster.StartAsync("silo-1", "cpu,gpu,prefill"));
        List<string> silos = ["silo-1"];
        List<Guid> jobs = [];
        foreach (var joins in new[] { true, true, true, false, false, false })
        {
            for (var i = random.Next(3, 8); i > 0; i--)
            {
                var job = Small(cluster);
                await cluster.SubmitAsync(job);
                jobs.Add(job.JobId);
                await Task.Delay(random.Next(400), TestContext.Current.CancellationToken);
            }
            await CheckAsync(cluster, jobs, alone);
            if (joins)
            {
                silos.Add($"silo-{silos.Count + 1}");
                await cluster.StartAsync(silos[^1], "cpu,gpu,prefill");
                continue;
            }
            var leaving = silos[random.Next(silos.Count)];
            silos.Remove(leaving);
            if (random.Next(2) == 0)
                cluster[leaving].Kill();
            else
                Assert.Equal(0, await cluster[leaving].StopAsync());
        }
        foreach (var id in jobs)
            await cluster.CheckAsync(id, alone);
    }

    // No job is lost, and of those that are over there is nothing but the right result.
    private static async Task CheckAsync(ProcessCluster cluster, List<Guid> jobs, AnswerReport alone)
    {
        foreach (var id in jobs)
        {
            var isOver = false;
            await cluster.UntilAsync(async () =>
            {
                if (await cluster.StatusAsync(id) is not { } status)
                    return false;
                isOver = status.GetProperty("isOver").GetBoolean();
                return true;
            }, $"job {id:N} is found");
            if (isOver)
                await cluster.CheckAsync(id, alone);
        }
    }

    private static SubmitVideoJob Small(ProcessCluster cluster) => cluster.Job(frames: 12) with { MaxTokens = 8 };
}
