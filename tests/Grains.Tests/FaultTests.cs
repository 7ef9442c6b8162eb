using HieraVid.Pipeline;
using HieraVid.Pipeline.Jobs;
using Orleans.TestingHost;

namespace HieraVid.Grains.Tests;

/// <summary>
/// Silos that are killed at any moment, a device that hangs, a store that is away: every job ends once with the right answer,
/// and what was finished is not done again. The seed picks the moment; more seeds with HIERAVID_CHAOS=1.
/// </summary>
[Collection(nameof(WithSilos))]
public sealed class FaultTests(TestSilos silos)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A stage that loses its silo, with the seed of the moment.</summary>
    public static TheoryData<WorkKind, int> Moments()
    {
        var moments = new TheoryData<WorkKind, int>();
        foreach (var kind in new[] { WorkKind.Decode, WorkKind.Encode, WorkKind.Answer, WorkKind.Summarise, WorkKind.Plan, WorkKind.Apply })
        {
            for (var seed = 0; seed < (Chaos.IsLong ? 10 : 1); seed++)
                moments.Add(kind, seed);
        }
        return moments;
    }

    [Theory]
    [MemberData(nameof(Moments))]
    public async Task A_killed_silo_costs_no_answer_and_no_finished_chunk(WorkKind kind, int seed)
    {
        var random = new Random(seed);
        var request = silos.Ask(chunkFrames: 2, maxTokens: 40);
        var alone = await silos.AskAsync(request);
        var witness = silos.Witness();
        var victim = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var (nth, seen, pause) = (random.Next(kind is WorkKind.Plan or WorkKind.Answer ? 1 : 8), -1, random.Next(60));
        witness.Before = async run =>
        {
            if (run.Item.Kind != kind || Interlocked.Increment(ref seen) != nth)
                return;
            victim.SetResult(run.Silo);
            // The stage is at its work when its silo goes away.
            await Task.Delay(pause / 4, CancellationToken.None);
        };
        // The first silo stays, and does none of what is lost: the other two share it.
        var role = new WorkItem("", kind).Role;
        await using var cluster = await silos.StartAsync(witness, 3, Roles.All & ~role, role, role);
        var id = await TestSilos.SubmitAsync(cluster, request);
        var name = await victim.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        await Task.Delay(pause, Cancellation);
        await cluster.KillSiloAsync(cluster.Silos[name == "silo1" ? 1 : 2]);
        await CheckAsync(cluster, witness, id, alone, mayRepeat: 2);
        Assert.All(witness.Runs.GroupBy(run => run.Item).Where(runs => runs.Count() > 1), runs =>
            Assert.True(runs.Any(run => run.Silo == name) || !runs.First().IsDone, $"{runs.Key} was done again for no reason."));
    }

    [Fact]
    public async Task A_device_that_hangs_loses_its_batch_to_another_and_what_it_says_later_changes_nothing()
    {
        var request = silos.Ask(chunkFrames: 4);
        var alone = await silos.AskAsync(request);
        var witness = silos.Witness(chunkSeconds: 2);
        var hang = new TaskCompletionSource();
        var hung = 0;
        witness.Before = run => run.Item.Kind == WorkKind.Encode && Interlocked.Increment(ref hung) == 2 ? hang.Task : Task.CompletedTask;
        await using var cluster = await silos.StartAsync(witness, 2, Roles.All & ~Roles.Gpu, Roles.Gpu);
        var id = await TestSilos.SubmitAsync(cluster, request);
        await CheckAsync(cluster, witness, id, alone, mayRepeat: 0);
        var board = cluster.GrainFactory.GetGrain<IWorkBoardGrain>(0);
        Assert.Equal(1, (await board.Status()).Expired);
        var stuck = witness.Runs.Single(run => run is { Item.Kind: WorkKind.Encode, IsDone: false });
        Assert.NotEqual(stuck.Worker, witness.Runs.Single(run => run.Item == stuck.Item && run.IsDone).Worker);

        hang.SetResult();
        // It finds that there is nothing to be done any more, or no job; and is of use again.
        await TestSilos.UntilAsync(async () => (await cluster.GrainFactory.GetGrain<IGpuGrain>(stuck.Worker).Status()).At == "", "the device is free");
        await CheckAsync(cluster, witness, id, alone, mayRepeat: 0);
        var next = await TestSilos.SubmitAsync(cluster, request);
        await CheckAsync(cluster, witness, next, alone, mayRepeat: 0);
        Assert.Contains(witness.Runs, run => run.Item.Job == next && run.Worker == stuck.Worker);
    }

    [Theory]
    [MemberData(nameof(Chaos.Seeds), 1, 10, MemberType = typeof(Chaos))]
    public async Task A_store_that_is_away_for_ten_seconds_costs_only_these(int seed)
    {
        // Two show the same where time matters.
        var seconds = Chaos.IsLong ? 10 : 2;
        var random = new Random(seed);
        var request = silos.Ask(chunkFrames: 2);
        var alone = await silos.AskAsync(request);
        var witness = silos.Witness();
        var (at, runs) = (random.Next(3, 30), 0);
        var away = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        witness.Before = _ =>
        {
            if (Interlocked.Increment(ref runs) == at)
            {
                witness.Blobs.IsAway = true;
                away.SetResult();
            }
            return Task.CompletedTask;
        };
        await using var cluster = await silos.StartAsync(witness, 2, Roles.Cpu | Roles.Prefill, Roles.Gpu | Roles.Prefill);
        var id = await TestSilos.SubmitAsync(cluster, request);
        await away.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        await Task.Delay(TimeSpan.FromSeconds(seconds), Cancellation);
        Assert.True(witness.Blobs.Refused > 0, "Nobody asked the store while it was away.");
        witness.Blobs.IsAway = false;
        await CheckAsync(cluster, witness, id, alone, mayRepeat: 0);
    }

    [Fact]
    public async Task An_order_to_cancel_that_overtakes_its_job_ends_it()
    {
        var witness = silos.Witness();
        await using var cluster = await silos.StartAsync(witness, 1, Roles.All);
        var job = cluster.GrainFactory.GetGrain<IVideoJobGrain>(Guid.NewGuid().ToString("N"));
        Assert.Null(await job.Cancel(mayBeEarly: true));
        Assert.Null(await job.Status());
        var request = silos.Ask();
        var status = await job.Submit(new Submission(ClusterHosting.Pack(request), request.VideoPath, request.Question));
        Assert.Equal(("cancelled", true), (status.Phase, status.IsOver));
        await TestSilos.UntilAsync(() => Task.FromResult(witness.Ended.Count > 0), "it is told");
        Assert.Empty(witness.Runs);
    }

    // The job is over once, with the answer of one machine, and at most so many chunks were encoded twice.
    private async Task CheckAsync(TestCluster cluster, Witness witness, string id, AnswerReport alone, int mayRepeat)
    {
        var status = await TestSilos.EndOfAsync(cluster, id);
        Assert.Equal(("completed", null), (status.Phase, status.Fault));
        Assert.Equal(alone.Answer, status.Text);
        Assert.Equal(alone.KeptTokens, silos.ResultOf(id).KeptTokens);
        await TestSilos.UntilAsync(() => Task.FromResult(witness.Ended.Any(job => job.Id == id)), "the end is told");
        Assert.Single(witness.Ended, job => job.Id == id);
        await TestSilos.UntilAsync(() => Task.FromResult(silos.Blobs.List($"jobs/{id}").Count == 1), "the store is cleared");
        var encodings = witness.Encodings(id);
        Assert.Equal(status.Chunks, encodings.Count);
        Assert.InRange(encodings.Values.Sum(), status.Chunks, status.Chunks + mayRepeat);
    }
}
