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
        var plan = SamplingPlan.Uniform(video, 9);
        string[] expected = Hashes(video.Path, "select=" + string.Join('+', plan.FrameIndices.Select(i => $@"eq(n\,{i})")));
        Assert.Equal(plan.Count, expected.Length);
        await foreach (var batch in FrameDecoder.DecodeAsync(video, plan, FrameSize.Of(video), 4, VideoLimits.Default, null, Cancel))
        {
            for (int i = 0; i < batch.Count; i++)
                Assert.Equal(expected[batch.FirstSample + i], Hash(batch.Frame(i).Span));
        }
    }

    [Theory]
    [InlineData("a.mp4", "64x48", "-c:v", "libx264", "-bf", "3", "-g", "12")]
    [InlineData("a.mp4", "64x48", "-c:v", "libx264", "-x264-params", "open-gop=1:bframes=3:keyint=8")]
    [InlineData("a.mkv", "64x48", "-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=none")]
    [InlineData("a.webm", "64x48", "-c:v", "libvpx", "-auto-alt-ref", "1", "-lag-in-frames", "16", "-b:v", "50k")]
    [InlineData("a.webm", "64x48", "-c:v", "libvpx-vp9", "-auto-alt-ref", "1", "-lag-in-frames", "16", "-b:v", "50k")]
    [InlineData("a.ts", "64x48", "-c:v", "libx264", "-bf", "2")]
    [InlineData("a.ts", "64x48", "-c:v", "libx264", "-flags", "+ilme+ildct")]
    [InlineData("a.ts", "64x48", "-c:v", "mpeg2video", "-bf", "2")]
    [InlineData("a.avi", "64x48", "-c:v", "mpeg4", "-bf", "2")]
    [InlineData("a.avi", "64x48", "-c:v", "libx264", "-bf", "2")]
    [InlineData("a.flv", "64x48", "-c:v", "flv")]
    [InlineData("a.ogv", "64x48", "-c:v", "libtheora")]
    [InlineData("a.mp4", "64x48", "-c:v", "libx264", "-pix_fmt", "yuvj420p")]
    [InlineData("a.mp4", "65x49", "-c:v", "libx264", "-pix_fmt", "yuv444p")]
    [InlineData("a.mp4", "3x2", "-c:v", "libx264", "-pix_fmt", "yuv444p")]
    [InlineData("a.mp4", "64x48", "-c:v", "libx264", "-vf", "setsar=4/3")]
    [InlineData("a.mp4", "64x48", "-c:v", "libx264", "-vf", "setpts=N*N/40/TB", "-fps_mode", "vfr")]
    public async Task Every_frame_is_the_asked_one_byte_for_byte(string name, string size, params string[] encoder)
    {
        var video = await Probe(Make(name, size, 4, arguments: encoder));
        byte[] all = AllFrames(video.Path);
        Assert.Equal((long)video.FrameCount * video.Width * video.Height * 3, all.Length);
        foreach (var plan in new[] { SamplingPlan.Uniform(video, 7), SamplingPlan.Uniform(video, video.FrameCount) })
            Assert.Equal(Pick(all, video, plan.FrameIndices), await Decode(video, plan));
    }

    [Fact]
    public async Task A_recording_that_begins_in_the_middle_of_a_stream_starts_at_its_first_key_frame()
    {
        byte[] all = await File.ReadAllBytesAsync(Make("a.ts", seconds: 6, arguments: ["-c:v", "libx264", "-bf", "2", "-g", "15"]), Cancel);
        await File.WriteAllBytesAsync(At("cut.ts"), all[(all.Length / 3 / 188 * 188)..], Cancel);
        var video = await Probe(At("cut.ts"));
        var plan = SamplingPlan.Uniform(video, video.FrameCount);
        string[] whole = Hashes(At("a.ts"));
        byte[] got = await Decode(video, plan);
        int bytes = 64 * 48 * 3;
        for (int i = 0; i < plan.Count; i++)
            Assert.Equal(whole[whole.Length - plan.Count + i], Hash(got.AsSpan(i * bytes, bytes)));
    }

    [Fact]
    public async Task Turned_pictures_come_upright()
    {
        Run("ffmpeg", "-f", "lavfi", "-i", "color=red:s=32x48:d=0.5:r=10,pad=64:48:0:0:blue", At("a.mp4"));
        Run("ffmpeg", "-i", At("a.mp4"), "-c", "copy", "-metadata:s:v", "rotate=270", At("turned.mp4"));
        var video = await Probe(At("turned.mp4"));
        var plan = SamplingPlan.Uniform(video, 2);
        byte[] got = await Decode(video, plan);
        Assert.Equal(Pick(AllFrames(video.Path), video, plan.FrameIndices), got);
        // The left half is red; turned clockwise it is above, counter-clockwise below.
        bool isRedAbove = got[0] > 200;
        Assert.Equal(video.RotationDegrees == 90, isRedAbove);
        Assert.Equal(!isRedAbove, got[video.Width * video.Height * 3 - 3] > 200);
    }

    [Fact]
    public async Task Repeated_frames_repeat_their_picture_across_batches()
    {
        var video = await Probe(Make("a.mp4", seconds: 0.3));
        var plan = SamplingPlan.Uniform(video, 8);
        Assert.Equal(3, plan.DistinctFrames);
        Assert.Contains("8 samples of 3 different frames", plan.ToString(), StringComparison.Ordinal);
        Assert.Equal(Pick(AllFrames(video.Path), video, plan.FrameIndices), await Decode(video, plan, batch: 3));
    }

    [Fact]
    public async Task The_batch_size_does_not_change_the_pictures()
    {
        var video = await Probe(Make("a.mp4", "130x74"));
        var plan = SamplingPlan.Uniform(video, 10);
        var size = new FrameSize(56, 42);
        byte[] one = await Decode(video, plan, size, batch: 1);
        Assert.Equal(10 * 56 * 42 * 3, one.Length);
        Assert.Equal(one, await Decode(video, plan, size, batch: 4));
        Assert.Equal(one, await Decode(video, plan, size, batch: 100));
    }

    [Fact]
    public async Task Thousands_of_scattered_frames_are_selected_exactly()
    {
        // A filter of over 100 KB, which doesn't fit into one argument.
        var video = await Probe(Make("a.mp4", "16x16", 700, 10));
        var plan = SamplingPlan.Of(video, [.. Enumerable.Range(0, 3500).Select(i => 2 * i)], "every other frame");
        Assert.Equal(Pick(AllFrames(video.Path), video, plan.FrameIndices), await Decode(video, plan, batch: 64));
    }

    [Fact]
    public async Task Samples_have_a_ceiling_whatever_is_asked()
    {
        var video = await Probe(Make("a.mp4"));
        var e = await Assert.ThrowsAsync<VideoException>(() => Decode(video, SamplingPlan.AtFps(video, 100), limits: new() { Samples = 199 }));
        Assert.Equal(VideoFault.OverLimit, e.Kind);
        Assert.Throws<ArgumentOutOfRangeException>(() => SamplingPlan.AtFps(video, 1e12));
    }

    [Fact]
    public async Task Too_few_frames_for_a_rule_are_said_to_be_that()
    {
        var video = await Probe(Make("a.mp4", arguments: ["-frames:v", "1"]));
        var e = Assert.Throws<VideoException>(() => SamplingPlan.QwenVl(video, new()));
        Assert.Equal(VideoFault.TooFewFrames, e.Kind);
        Assert.Equal([0], SamplingPlan.LlavaVideo(video, 64, forceSample: false).FrameIndices);
    }

    [Fact]
    public async Task Decoded_bytes_have_a_ceiling()
    {
        var video = await Probe(Make("a.mp4"));
        var e = await Assert.ThrowsAsync<VideoException>(() =>
            Decode(video, SamplingPlan.Uniform(video, 5), limits: new() { DecodedBytes = 5 * 64 * 48 * 3 - 1 }));
        Assert.Equal(VideoFault.OverLimit, e.Kind);
    }
}
