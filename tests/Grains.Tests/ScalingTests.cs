using System.Collections.Concurrent;
using HieraVid.Pipeline.Jobs;
using Orleans.Runtime;
using Orleans.TestingHost;

namespace HieraVid.Grains.Tests;

/// <summary>Silos come and go while jobs run.</summary>
[Collection(nameof(WithSilos))]
public sealed class ScalingTests(TestSilos silos)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_gpu_silo_that_joins_takes_work_and_one_that_leaves_in_good_order_has_nothing_done_again()
    {
        var request = silos.Ask(chunkFrames: 1);
        var alone = await silos.AskAsync(request);
        var witness = silos.Witness();
        // Encoding is the longest stage here, as it is with a real model.
        witness.Before = run => Task.Delay(run.Item.Kind == WorkKind.Encode ? 200 : 0, CancellationToken.None);
        await using var cluster = await silos.StartAsync(witness, 2, Roles.All & ~Roles.Gpu, Roles.Gpu);
        var id = await TestSilos.SubmitAsync(cluster, request);
        await TestSilos.UntilAsync(() => Task.FromResult(witness.Encodings(id).Count >= 2), "two chunks are encoded");
        await cluster.StartAdditionalSiloAsync();
        await TestSilos.UntilAsync(() => Task.FromResult(witness.Runs.Any(run => run is { Silo: "silo2", IsDone: true })), "the new silo has done something");
        await cluster.StopSiloAsync(cluster.Silos[1]);
        var left = witness.Runs.Count;
        var status = await TestSilos.EndOfAsync(cluster, id);
        Assert.Equal(alone.Answer, status.Text);
        Assert.All(witness.Runs.GroupBy(run => run.Item), runs => Assert.Single(runs));
        Assert.DoesNotContain(witness.Runs.Skip(left), run => run.Silo == "silo1");
        Assert.Equal(0, (await cluster.GrainFactory.GetGrain<IWorkBoardGrain>(0).Status()).Expired);
    }

    [Theory]
    [MemberData(nameof(Chaos.Seeds), 1, 6, MemberType = typeof(Chaos))]
    public async Task Silos_from_one_to_four_and_back_stopped_and_killed_in_turn_lose_no_job(int seed)
    {
        var random = new Random(seed);
        var request = silos.Ask(chunkFrames: 3, frames: 9);
        var alone = await silos.AskAsync(request);
        var witness = silos.Witness();
        // The first silo does no work: it stands for the database, which knows the silos.
        await using var cluster = await silos.StartAsync(witness, 2, Roles.Ingress, Roles.All);
        await using var stream = new JobStream(cluster, silos, request, Chaos.IsLong ? 300 : 600);
        for (var round = 0; round < (Chaos.IsLong ? 3 : 1); round++)
        {
            foreach (var joins in new[] { true, true, true, false, false, false })
            {
                await Task.Delay(random.Next(300, 1500), Cancellation);
                await stream.CheckAsync(witness);
                var workers = cluster.Silos.Skip(1).ToList();
                if (joins)
                    await cluster.StartAdditionalSiloAsync();
                else if (random.Next(2) == 0)
                    await cluster.KillSiloAsync(workers[random.Next(workers.Count)]);
                else
                    await cluster.StopSiloAsync(workers[random.Next(workers.Count)]);
            }
        }
        await stream.StopAsync();
        // As an orchestrator does where the last one that was left ended, too: the others had taken it for dead.
        var hosts = await cluster.GrainFactory.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true);
        if (hosts.Count < 2)
            await cluster.StartAdditionalSiloAsync();
        foreach (var id in stream.Jobs)
        {
            var status = await TestSilos.EndOfAsync(cluster, id);
            Assert.Equal((id, "completed", alone.Answer), (id, status.Phase, status.Text));
        }
        await TestSilos.UntilAsync(() => Task.FromResult(stream.Jobs.All(id => witness.Ended.Any(job => job.Id == id))), "all ends are told");
        await stream.CheckAsync(witness);
        Assert.All(stream.Jobs, id => Assert.Single(silos.Blobs.List($"jobs/{id}")));
    }

    /// <summary>Small jobs, one after the other, whatever happens to the silos.</summary>
    private sealed class JobStream : IAsyncDisposable
    {
        private readonly ConcurrentQueue<string> _jobs = new();
        private readonly CancellationTokenSource _stop = new();
        private readonly TestCluster _cluster;
        private readonly TestSilos _silos;
        private readonly Task _submitting;

        internal JobStream(TestCluster cluster, TestSilos silos, JobRequest request, int milliseconds)
        {
            (_cluster, _silos) = (cluster, silos);
            _submitting = Task.Run(() => SubmitAsync(request, milliseconds), Cancellation);
        }

        /// <summary>Those whose acceptance was stored.</summary>
        internal IReadOnlyCollection<string> Jobs => _jobs;

        internal async Task StopAsync()
        {
            await _stop.CancelAsync();
            await _submitting;
        }

        /// <summary>No job is lost, none ended in two ways, and nothing is in the store but of known jobs, of finished ones only the result.</summary>
        internal async Task CheckAsync(Witness witness)
        {
            foreach (var id in _jobs)
                await TestSilos.UntilAsync(() => IsKnownAsync(id), $"job {id} is found");
            Assert.All(witness.Ended.GroupBy(job => job.Id), ends => Assert.Single(ends.Select(end => (end.Phase, end.Text)).Distinct()));
            foreach (var id in witness.Ended.Select(job => job.Id).Distinct())
                await TestSilos.UntilAsync(() => Task.FromResult(_silos.Blobs.List($"jobs/{id}").Count == 1), $"job {id} leaves nothing but its result");
        }

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            _stop.Dispose();
        }

        private async Task SubmitAsync(JobRequest request, int milliseconds)
        {
            while (!_stop.IsCancellationRequested)
            {
                var id = Guid.NewGuid().ToString("N");
                // As the queue does: again until it is accepted.
                while (!await IsAcceptedAsync(id, request))
                    await Task.Delay(100, Cancellation);
                _jobs.Enqueue(id);
                await Task.Delay(milliseconds, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        private async Task<bool> IsAcceptedAsync(string id, JobRequest request)
        {
            try
            {
                await _cluster.GrainFactory.GetGrain<IVideoJobGrain>(id).Submit(new Submission(ClusterHosting.Pack(request), request.VideoPath, request.Question));
                return true;
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                return false;
            }
        }

        private async Task<bool> IsKnownAsync(string id)
        {
            try
            {
                return await _cluster.GrainFactory.GetGrain<IVideoJobGrain>(id).Status() is not null;
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                return false;
            }
        }
    }
}
