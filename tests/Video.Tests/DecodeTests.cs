namespace HieraVid.Video.Tests;

public sealed class DecodeTests : TestVideos
{
    [Theory]
    [InlineData("one-by-one-person-detection.mp4")]
    [InlineData("bottle-detection.mp4")]
    [InlineData("car-detection.mp4")]
    [InlineData("book.mkv")]
    public async Task Real_frames_are_the_asked_ones_byte_for_byte(string name)
    {
        var video = await Probe(Repository.RealVideo(name));
        string[] all = AllHashes(video.Path);
        Assert.Equal(all.Length, video.FrameCount);
        var plan = SamplingPlan.Uniform(video, 9);
        await foreach (var batch in FrameDecoder.DecodeAsync(video, plan, FrameSize.Of(video), 4, VideoLimits.Default, null, Cancel))
        {
            for (int i = 0; i < batch.Count; i++)
                Assert.Equal(all[plan.FrameIndices[batch.FirstSample + i]], Hash(batch.Frame(i).Span));
        }
    }
}
