namespace HieraVid.Video.Tests;

public sealed class ProbeTests : TestVideos
{
    [Fact]
    public async Task A_plain_video_is_described()
    {
        var video = await Probe(Make("a.mp4", "320x240", 3, 25));
        Assert.Equal((VideoContainer.Mp4, "h264"), (video.Container, video.Codec));
        Assert.Equal((320, 240, 320, 240), (video.Width, video.Height, video.CodedWidth, video.CodedHeight));
        Assert.Equal((75, 25.0, 3.0), (video.FrameCount, video.AverageFps, video.DurationSeconds));
        Assert.False(video.IsVariableFrameRate || video.IsTruncated);
        Assert.Equal([0, 10, 20, 30, 40, 50, 60, 70], video.KeyFrames);
        for (int i = 0; i < 75; i++)
            Assert.Equal(i / 25.0, video.TimestampsSeconds[i], 1e-9);
    }

    [Theory]
    [InlineData("bottle-detection.mp4", 1189, 39.854749, 640, 360)]
    [InlineData("car-detection.mp4", 30, 2.4, 768, 432)]
    [InlineData("one-by-one-person-detection.mp4", 61, 6.1, 768, 432)]
    [InlineData("book.mkv", 47, 1.567, 640, 480)]
    public async Task Real_videos_are_described(string name, int frames, double seconds, int width, int height)
    {
        var video = await Probe(Repository.RealVideo(name));
        Assert.Equal((frames, width, height), (video.FrameCount, video.Width, video.Height));
        Assert.Equal(seconds, video.DurationSeconds, 1e-6);
        Assert.False(video.IsVariableFrameRate || video.IsTruncated);
    }

    [Fact]
    public async Task Variable_rates_keep_their_true_times()
    {
        var video = await Probe(Make("a.mp4", arguments: ["-c:v", "libx264", "-vf", @"setpts=if(gt(N\,9)\,PTS+3/TB\,PTS)", "-fps_mode", "vfr"]));
        Assert.True(video.IsVariableFrameRate);
        Assert.Equal(20, video.FrameCount);
        Assert.Equal(0.9, video.TimestampsSeconds[9], 1e-6);
        Assert.Equal(4.0, video.TimestampsSeconds[10], 1e-6);
        // At two per second the picture stands still while the gap lasts.
        Assert.Equal([0, 5, 9, 9, 9, 9, 9, 9, 10, 15], SamplingPlan.AtFps(video, 2).FrameIndices);
    }

    [Fact]
    public async Task Rotation_turns_the_size()
    {
        Make("a.mp4");
        Run("ffmpeg", "-i", At("a.mp4"), "-c", "copy", "-metadata:s:v", "rotate=90", At("turned.mp4"));
        var video = await Probe(At("turned.mp4"));
        Assert.Equal((48, 64, 64, 48), (video.Width, video.Height, video.CodedWidth, video.CodedHeight));
        Assert.True(video.RotationDegrees is 90 or 270);
    }

    [Fact]
    public async Task Non_square_pixels_change_the_shown_size_only()
    {
        var video = await Probe(Make("a.mp4", arguments: ["-vf", "setsar=2/1"]));
        Assert.Equal((64, 48, 128, 48, 2.0),
            (video.Width, video.Height, video.DisplayWidth, video.DisplayHeight, video.SampleAspectRatio));
    }

    [Fact]
    public async Task A_file_without_a_declared_length_is_measured_by_its_frames()
    {
        Make("a.mp4");
        byte[] streamed = Run("ffmpeg", "-i", At("a.mp4"), "-c", "copy", "-f", "matroska", "pipe:1");
        await File.WriteAllBytesAsync(At("a.mkv"), streamed, Cancel);
        var video = await Probe(At("a.mkv"));
        Assert.False(video.DeclaresDuration || video.IsTruncated);
        Assert.Equal(2.0, video.DurationSeconds, 1e-6);
        Assert.Equal(20, video.FrameCount);
    }

    [Fact]
    public async Task One_frame_is_a_video()
    {
        var video = await Probe(Make("a.mp4", arguments: ["-frames:v", "1"]));
        Assert.Equal((1, 10.0), (video.FrameCount, video.AverageFps));
        Assert.Equal([0, 0, 0], SamplingPlan.Uniform(video, 3).FrameIndices);
    }

    [Theory]
    [InlineData("a.mkv")]
    [InlineData("a.mp4")]
    [InlineData("a.avi")]
    public async Task A_file_cut_in_the_middle_says_what_is_missing(string name)
    {
        byte[] all = await File.ReadAllBytesAsync(Make(name, seconds: 6, arguments: name == "a.mp4" ? ["-movflags", "+faststart"] : []), Cancel);
        await File.WriteAllBytesAsync(At("cut" + name), all[..(all.Length * 6 / 10)], Cancel);
        var video = await Probe(At("cut" + name));
        Assert.True(video.IsTruncated);
        Assert.InRange(video.FrameCount, 5, 55);
        Assert.Equal(6.0, video.FramesEndSeconds + video.MissingTailSeconds, 0.5);
    }

    [Fact]
    public async Task Sound_that_outlasts_the_pictures_is_not_a_cut_file()
    {
        string path = Make("a.mkv", arguments: ["-f", "lavfi", "-i", "sine=d=5", "-c:a", "pcm_s16le"]);
        Assert.False((await Probe(path)).IsTruncated);
    }
}
