using HieraVid.Pipeline.Jobs;

namespace HieraVid.Pipeline.Tests.Running;

[Collection(nameof(WithTensors))]
public class CancellationTests(RunnerFixture fixture)
{
    [Theory]
    [InlineData(JobStage.Probe, 0)]
    [InlineData(JobStage.Probe, 1)]
    [InlineData(JobStage.Decode, 1)]
    [InlineData(JobStage.Encode, 0)]
    [InlineData(JobStage.Encode, 1)]
    [InlineData(JobStage.Encode, 12)]
    [InlineData(JobStage.Prefill, 0)]
    [InlineData(JobStage.Prefill, 2)]
    [InlineData(JobStage.Generate, 1)]
    [InlineData(JobStage.Generate, 3)]
    public async Task Cancelling_in_any_stage_ends_the_job_and_leaves_nothing(JobStage stage, int done)
    {
        var tensors = TorchSharp.torch.Tensor.TotalCount;
        var files = Directory.GetFiles(fixture.Folder);
        using var cancel = new CancellationTokenSource();
        var later = new List<JobStage>();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fixture.RunAsync(
            fixture.Ask(frames: 12, maxTokens: 500) with { ChunkFrames = 4 },
            progress =>
            {
                if (progress.Stage > stage)
                    later.Add(progress.Stage);
                if (progress.Stage == stage && progress.Done >= done)
                    cancel.Cancel();
            },
            cancellation: cancel.Token));
        Assert.Empty(later);
        Assert.InRange(TorchSharp.torch.Tensor.TotalCount, 0, tensors);
        Assert.Empty(Processes.Naming(fixture.Video));
        Assert.Equal(files, Directory.GetFiles(fixture.Folder));
    }

    [Fact]
    public async Task Cancelling_within_a_batch_leaves_no_tensor()
    {
        var tensors = TorchSharp.torch.Tensor.TotalCount;
        using var cancel = new CancellationTokenSource();
        // The first tensors of a job are those of its first batch.
        var onFirstTensors = Task.Run(() =>
        {
            while (TorchSharp.torch.Tensor.TotalCount < tensors + 4)
                Thread.Yield();
            cancel.Cancel();
        }, TestContext.Current.CancellationToken);
        var events = new List<JobProgress>();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            fixture.RunAsync(fixture.Ask(frames: 12, maxTokens: 500), events.Add, cancellation: cancel.Token));
        await onFirstTensors;
        Assert.DoesNotContain(events, progress => progress.Stage == JobStage.Prefill);
        Assert.InRange(TorchSharp.torch.Tensor.TotalCount, 0, tensors);
    }

    [Fact]
    public async Task A_job_that_is_cancelled_before_it_begins_does_nothing()
    {
        var events = new List<JobProgress>();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            fixture.RunAsync(fixture.Ask(), events.Add, cancellation: new CancellationToken(canceled: true)));
        Assert.Empty(events);
    }

    [Theory]
    [InlineData(JobStage.Encode)]
    [InlineData(JobStage.Prefill)]
    [InlineData(JobStage.Generate)]
    public async Task A_callback_that_throws_leaves_nothing_either(JobStage stage)
    {
        var tensors = TorchSharp.torch.Tensor.TotalCount;
        await Assert.ThrowsAsync<InvalidTimeZoneException>(() => fixture.RunAsync(fixture.Ask(), progress =>
        {
            if (progress.Stage == stage)
                throw new InvalidTimeZoneException();
        }));
        Assert.InRange(TorchSharp.torch.Tensor.TotalCount, 0, tensors);
        Assert.Empty(Processes.Naming(fixture.Video));
    }
}
