namespace HieraVid.Grains.Tests;

/// <summary>A cluster gives the answer of one machine, however many silos there are and however the video is cut.</summary>
[Collection(nameof(WithSilos))]
public sealed class EqualityTests(TestSilos silos)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task The_answer_and_the_kept_tokens_are_those_of_ask(int count)
    {
        await using var cluster = await silos.StartAsync(count, count == 1 ? [Roles.All]
            : count == 2 ? [Roles.Cpu | Roles.Ingress, Roles.Gpu | Roles.Prefill] : [Roles.Cpu | Roles.Ingress, Roles.Gpu, Roles.Gpu, Roles.Prefill]);
        foreach (var chunkFrames in new[] { 4, 16, 64 })
        {
            var request = silos.Ask(chunkFrames);
            var alone = await silos.AskAsync(request);
            var id = await TestSilos.SubmitAsync(cluster, request);
            var status = await TestSilos.EndOfAsync(cluster, id);
            Assert.Equal(("completed", null), (status.Phase, status.Fault));
            Assert.Equal(alone.Answer, status.Text);
            var report = silos.ResultOf(id);
            Assert.Equal(alone.Answer, report.Answer);
            Assert.Equal(alone.KeptTokens, report.KeptTokens);
            Assert.Equivalent(alone.Tokens, report.Tokens, strict: true);
        }
    }

    [Fact]
    public async Task A_job_that_is_submitted_again_is_the_same_job_and_leaves_nothing_but_its_result()
    {
        await using var cluster = await silos.StartAsync(1, Roles.All);
        var id = await TestSilos.SubmitAsync(cluster, silos.Ask());
        var job = cluster.GrainFactory.GetGrain<IVideoJobGrain>(id);
        for (var i = 0; i < 3; i++)
            await job.Submit(new Submission(ClusterHosting.Pack(silos.Ask(chunkFrames: 1)), "another", "another"));
        var status = await TestSilos.EndOfAsync(cluster, id);
        Assert.Equal(6, status.Chunks);
        await WaitForCleanUpAsync(id);
        Assert.Equal([id], await cluster.GrainFactory.GetGrain<IJobIndexGrain>(0).Newest(10));
    }

    [Fact]
    public async Task A_job_that_cannot_be_done_says_why()
    {
        await using var cluster = await silos.StartAsync(1, Roles.All);
        var missing = await TestSilos.EndOfAsync(cluster, await TestSilos.SubmitAsync(cluster, silos.Ask() with { VideoPath = "/nowhere/film.mp4" }));
        Assert.Equal(("failed", true), (missing.Phase, missing.IsUsersMistake));
        Assert.Contains("film.mp4", missing.Fault, StringComparison.Ordinal);
        var tooMany = await TestSilos.EndOfAsync(cluster, await TestSilos.SubmitAsync(cluster, silos.Ask(frames: 500)));
        Assert.Equal(("failed", true), (tooMany.Phase, tooMany.IsUsersMistake));
        Assert.Contains("--frames 500", tooMany.Fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_job_stops_and_leaves_nothing()
    {
        await using var cluster = await silos.StartAsync(1, Roles.All);
        var id = await TestSilos.SubmitAsync(cluster, silos.Ask(chunkFrames: 1, frames: 40, maxTokens: 4000));
        var status = await cluster.GrainFactory.GetGrain<IVideoJobGrain>(id).Cancel();
        Assert.Equal("cancelled", status!.Phase);
        await WaitForCleanUpAsync(id, left: 0);
        // A job that came after it is not held up.
        Assert.Equal("completed", (await TestSilos.EndOfAsync(cluster, await TestSilos.SubmitAsync(cluster, silos.Ask()))).Phase);
    }

    private async Task WaitForCleanUpAsync(string id, int left = 1)
    {
        for (var i = 0; i < 200 && silos.Blobs.List($"jobs/{id}").Count > left; i++)
            await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.Equal(left, silos.Blobs.List($"jobs/{id}").Count);
    }
}
