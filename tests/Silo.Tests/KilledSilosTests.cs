using HieraVid.Contracts;
using HieraVid.Queue;
using HieraVid.Queue.Tests;

namespace HieraVid.Silo.Tests;

/// <summary>A cluster of processes over PostgreSQL, whose silos are killed while they work.</summary>
[Collection("clusters of processes")]
public sealed class KilledSilosTests
{
    /// <summary>A moment, the role that it befalls, and seeds.</summary>
    public static TheoryData<string, string, int> Moments()
    {
        var moments = new TheoryData<string, string, int>();
        foreach (var (moment, role) in new[] { ("decode", "cpu"), ("encode", "gpu"), ("prefill", "prefill"), ("generate", "prefill") })
        {
            for (var seed = 0; seed < (Chaos.IsLong ? 4 : 1); seed++)
                moments.Add(moment, role, seed);
        }
        return moments;
    }

    [Fact]
    public async Task Killed_workers_cost_no_answer_and_no_finished_chunk()
    {
        await using var cluster = await ProcessCluster.CreateAsync();
        var job = cluster.Job();
        var alone = await cluster.AskAsync(job);
        await Task.WhenAll(cluster.StartAsync("edge", "cpu,ingress"), cluster.StartAsync("gpu", "gpu"), cluster.StartAsync("prefill", "prefill"));
        // Three times: a broker may do that, and it stays one job.
        for (var i = 0; i < 3; i++)
            await cluster.SubmitAsync(job);

        await cluster.UntilAsync(() => cluster.Tokens(job.JobId).Count >= 3, "three chunks are encoded");
        cluster["gpu"].Kill();
        var before = cluster.Tokens(job.JobId);
        await cluster.StartAsync("gpu-again", "gpu");
        await cluster.UntilAsync(() => cluster.Files(job.JobId).Contains("plan.json"), "the plan is made");
        var after = cluster.Tokens(job.JobId);
        Assert.Equal(20, after.Count);
        Assert.All(before, chunk => Assert.Equal(chunk.Value, after[chunk.Key]));

        cluster["prefill"].Kill();
        await cluster.StartAsync("prefill-again", "prefill");
        await cluster.CheckAsync(job.JobId, alone);
        // Who stops in good order has handed everything back.
        Assert.Equal(0, await cluster["gpu-again"].StopAsync());
    }

    [Theory]
    [MemberData(nameof(Moments))]
    public async Task A_silo_may_be_killed_in_the_middle_of_any_stage(string moment, string role, int seed)
    {
        var random = new Random(seed);
        await using var cluster = await ProcessCluster.CreateAsync();
        var job = cluster.Job() with { MaxTokens = 120 };
        var alone = await cluster.AskAsync(job);
        string[] roles = ["cpu", "gpu", "prefill"];
        await Task.WhenAll(roles.Select(each => cluster.StartAsync(each, each)).Append(cluster.StartAsync("edge", "ingress")));
        await cluster.SubmitAsync(job);
        var (nth, pause) = (random.Next(1, 15), random.Next(40));
        await cluster.UntilAsync(async () => moment switch
        {
            "decode" => cluster.Files(job.JobId).Count(file => file.StartsWith("decoded", StringComparison.Ordinal)) >= nth,
            "encode" => cluster.Tokens(job.JobId).Count >= nth,
            "prefill" => await cluster.StatusAsync(job.JobId) is { } status && status.GetProperty("phase").GetString() == "answering",
            _ => await cluster.StatusAsync(job.JobId) is { } status && status.GetProperty("text").GetString()!.Length > 0,
        }, $"the moment to kill is there ({moment})");
        await Task.Delay(pause, TestContext.Current.CancellationToken);
        cluster[role].Kill();
        var before = cluster.Tokens(job.JobId);
        await cluster.StartAsync($"{role}-again", role);
        await cluster.UntilAsync(() => cluster.Files(job.JobId) is var files && (files.Contains("plan.json") || files is ["result.json"]), "the plan is made");
        var after = cluster.Tokens(job.JobId);
        Assert.All(before.Where(_ => after.Count > 0), chunk => Assert.Equal(chunk.Value, after[chunk.Key]));
        await cluster.CheckAsync(job.JobId, alone);
    }

    [Fact]
    public async Task The_silo_that_drives_the_job_may_be_killed_and_the_database_restarted()
    {
        await using var cluster = await ProcessCluster.CreateAsync();
        var job = cluster.Job();
        var alone = await cluster.AskAsync(job);
        await Task.WhenAll(cluster.StartAsync("edge", "cpu,ingress"), cluster.StartAsync("edge-2", "cpu,ingress"), cluster.StartAsync("gpu", "gpu,prefill"));
        await cluster.SubmitAsync(job);
        await cluster.UntilAsync(() => cluster.Tokens(job.JobId).Count >= 2, "two chunks are encoded");
        cluster["edge"].Kill();
        cluster.Ingress = "edge-2";
        await cluster.UntilAsync(() => cluster.Tokens(job.JobId).Count >= 6, "six chunks are encoded");
        cluster.Postgres.Restart();
        await cluster.CheckAsync(job.JobId, alone);
    }

    [Theory]
    [MemberData(nameof(Chaos.Seeds), 1, 2, MemberType = typeof(Chaos))]
    public async Task A_gpu_silo_that_hangs_is_replaced_and_does_no_harm_when_it_wakes(int seed)
    {
        await using var cluster = await ProcessCluster.CreateAsync();
        var job = cluster.Job();
        var alone = await cluster.AskAsync(job);
        await Task.WhenAll(cluster.StartAsync("edge", "cpu,ingress,prefill"), cluster.StartAsync("gpu", "gpu"), cluster.StartAsync("gpu-2", "gpu"));
        await cluster.SubmitAsync(job);
        await cluster.UntilAsync(() => cluster.Tokens(job.JobId).Count >= 2 + (4 * seed), "some chunks are encoded");
        cluster["gpu"].Pause();
        await cluster.CheckAsync(job.JobId, alone);
        cluster["gpu"].Resume();
        var next = cluster.Job();
        await cluster.SubmitAsync(next);
        await cluster.CheckAsync(next.JobId, alone);
        // What it wrote when it woke is gone, too.
        await cluster.CheckAsync(job.JobId, alone);
    }

    [Fact]
    public async Task A_broker_that_is_restarted_while_jobs_run_costs_none_of_them()
    {
        await using var broker = new Broker();
        await broker.ReadyAsync();
        var host = broker.Host();
        await using var cluster = await ProcessCluster.CreateAsync(
            ("Broker", $"{host}"), ("BrokerUser", Broker.Silo), ("BrokerPassword", Broker.Password));
        SubmitVideoJob[] jobs = [cluster.Job(frames: 24), cluster.Job(frames: 24), cluster.Job(frames: 24)];
        var alone = await cluster.AskAsync(jobs[0]);
        await using var client = await JobBusClient.ConnectAsync(
            new QueueOptions { Broker = host, User = Broker.User, Password = Broker.Password }, TestContext.Current.CancellationToken);
        await cluster.StartAsync("edge", "all");
        await client.SubmitAsync(jobs[0], TestContext.Current.CancellationToken);
        await cluster.UntilAsync(() => cluster.Tokens(jobs[0].JobId).Count >= 2, "two chunks are encoded");
        // This one waits in the queue, or is between it and the silo, when the broker goes.
        await client.SubmitAsync(jobs[1], TestContext.Current.CancellationToken);
        await broker.RestartAsync();
        await client.SubmitAsync(jobs[2], TestContext.Current.CancellationToken);
        foreach (var job in jobs)
            await cluster.CheckAsync(job.JobId, alone);
    }
}
