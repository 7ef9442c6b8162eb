using HieraVid.Pipeline.Jobs;

namespace HieraVid.Pipeline.Tests.Running;

[Collection(nameof(WithTensors))]
public class BrokenVideoTests(RunnerFixture fixture)
{
    [Fact]
    public async Task A_video_that_breaks_off_is_refused()
    {
        var request = fixture.Ask() with { VideoPath = Half() };
        var e = await Assert.ThrowsAsync<JobException>(() => fixture.RunAsync(request));
        Assert.True(e.IsUsersMistake);
        Assert.Contains("half.mp4", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public async Task A_video_that_breaks_off_is_answered_in_part_where_that_is_allowed()
    {
        var request = fixture.Ask(frames: 10) with { VideoPath = Half(), AllowPartial = true, ChunkFrames = 4 };
        var report = await fixture.RunAsync(request);
        Assert.InRange(report.Video.SampledFrames, 1, 9);
        Assert.Equal(report.Video.SampledFrames, report.Video.SampledTimes.Count);
        Assert.Equal((report.Video.SampledFrames * 196) + 1, report.Tokens.Visual);
        var note = Assert.Single(report.Notes);
        Assert.Contains($"{10 - report.Video.SampledFrames} of 10 frames are missing", note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_partial_answer_does_not_depend_on_the_chunks()
    {
        var request = fixture.Ask(frames: 10) with { VideoPath = Half(), AllowPartial = true };
        var whole = await fixture.RunAsync(request);
        var chunked = await fixture.RunAsync(request with { ChunkFrames = 2 });
        Assert.Equal(whole.Answer, chunked.Answer);
        Assert.Equivalent(whole.Tokens, chunked.Tokens, strict: true);
        Assert.Equal(whole.Notes, chunked.Notes);
    }

    [Fact]
    public async Task A_video_without_one_good_frame_is_refused_even_so()
    {
        var sound = Half();
        var bytes = File.ReadAllBytes(sound);
        // The index stays, the pictures become noise of zeros.
        bytes.AsSpan(bytes.AsSpan().IndexOf("mdat"u8) + 4).Clear();
        var path = Path.Combine(fixture.Folder, "zeros.mp4");
        await File.WriteAllBytesAsync(path, bytes, TestContext.Current.CancellationToken);
        var tensors = TorchSharp.torch.Tensor.TotalCount;
        var e = await Assert.ThrowsAsync<JobException>(() =>
            fixture.RunAsync(fixture.Ask(frames: 4) with { VideoPath = path, AllowPartial = true }));
        Assert.True(e.IsUsersMistake);
        Assert.Contains("zeros.mp4", e.Message, StringComparison.Ordinal);
        Assert.InRange(TorchSharp.torch.Tensor.TotalCount, 0, tensors);
    }

    private string Half()
    {
        var whole = fixture.Make("whole.mp4", seconds: 3, size: "320x240", arguments: ["-movflags", "+faststart"]);
        return fixture.Cut(whole, "half.mp4", 0.5);
    }
}
