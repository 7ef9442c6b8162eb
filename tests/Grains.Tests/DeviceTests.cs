using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Stages;

namespace HieraVid.Grains.Tests;

/// <summary>Tokens stay on the device that made them while they are of use, and no longer.</summary>
[Collection(nameof(WithSilos))]
public sealed class DeviceTests(TestSilos silos)
{
    private static readonly DateTimeOffset s_start = DateTimeOffset.UnixEpoch;

    [Fact]
    public async Task Memory_that_is_used_up_is_given_back_and_the_tokens_come_from_the_store_again()
    {
        var id = Guid.NewGuid().ToString("N");
        using var device = new WorkDevice("cpu", silos.Model);
        var job = new OpenJob(id, silos.Blobs);
        job.Blocks.Write(JobBlocks.Request, silos.Ask(chunkFrames: 8));
        using var shelf = new Pipeline.Blobs.VideoShelf(silos.Blobs, silos.Folder, long.MaxValue);
        using var web = new Pipeline.Sources.UrlFetcher(new Pipeline.Sources.UrlRules());
        await VideoStages.ProbeAsync(job, shelf, web, Video.VideoLimits.Default, _ => { }, TestContext.Current.CancellationToken);
        var chunk = await device.UseAsync((_, answering) => answering.Cut(job, Video.VideoLimits.Default)[0], TestContext.Current.CancellationToken);
        await VideoStages.DecodeAsync(job, chunk, shelf, Video.VideoLimits.Default, TestContext.Current.CancellationToken);
        await device.UseAsync((tokens, _) => tokens.Encode(job, chunk, default), TestContext.Current.CancellationToken);
        Assert.True(device.HeldBytes > 0);
        // A petabyte, which the tensor library asks the machine for in vain.
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => device.UseAsync(
            (_, _) => TorchSharp.torch.zeros([1L << 48]).NumberOfElements, TestContext.Current.CancellationToken));
        Assert.True(Pipeline.ProcessMemory.IsUsedUp(refused), refused.Message);
        Assert.Equal(0, device.HeldBytes);
        await device.UseAsync((tokens, _) =>
        {
            tokens.Summarise(job, new JobCommand.SummariseChunk(0, 0, null));
            return 0;
        }, TestContext.Current.CancellationToken);
        Assert.True(device.HeldBytes > 0);
        device.Forget(id);
        Assert.Equal(0, device.HeldBytes);
        job.Blocks.Clear(isAnswered: false);
    }

    [Fact]
    public void A_device_that_holds_tokens_of_a_job_is_told_when_it_is_over()
    {
        var queue = new WorkQueue(TimeSpan.FromSeconds(30));
        queue.Offer("job", 0, [new WorkItem("job", WorkKind.Encode, Chunk: 0)], s_start);
        Assert.NotNull(queue.Take(Roles.Gpu, "gpu/0", s_start));
        queue.Complete(new WorkItem("job", WorkKind.Encode, Chunk: 0), "gpu/0", s_start);
        Assert.Equal([(Roles.Gpu, "gpu/0")], queue.Withdraw("job"));
    }

    [Fact]
    public void Work_that_is_postponed_comes_again_later_and_as_often_as_it_takes()
    {
        var queue = new WorkQueue(TimeSpan.FromSeconds(30));
        queue.Offer("job", 0, [new WorkItem("job", WorkKind.Cut)], s_start);
        var now = s_start;
        for (var i = 0; i < 3 * WorkQueue.MaxAttempts; i++, now += TimeSpan.FromSeconds(5))
        {
            var item = queue.Take(Roles.Prefill, "prefill/0", now);
            Assert.NotNull(item);
            queue.Postpone(item, "prefill/0", now);
            Assert.Null(queue.Take(Roles.Prefill, "prefill/0", now + TimeSpan.FromSeconds(1)));
        }
    }
}
