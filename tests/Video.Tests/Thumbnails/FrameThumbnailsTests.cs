namespace HieraVid.Video.Tests.Thumbnails;

public sealed class FrameThumbnailsTests : TestVideos
{
    // Seven frames of the longer one lie so far apart that they are sought.
    [Theory]
    [InlineData(3)]
    [InlineData(40)]
    public async Task Every_sample_gets_a_jpeg_of_its_own_frame(int seconds)
    {
        var video = await Probe(Make("a.mp4", "640x360", seconds: seconds));
        var plan = SamplingPlan.Uniform(video, 7);
        var pictures = await FrameThumbnails.OfAsync(video, [.. plan.TimesSeconds.Select(t => Math.Round(t, 6))],
            VideoLimits.Default, Cancel);
        Assert.Equal(7, pictures.Count);
        byte[] frames = Pick(AllFrames(video.Path), video, plan.FrameIndices);
        for (int i = 0; i < 7; i++)
        {
            byte[] shown = Pixels(pictures[i]);
            Assert.Equal(288 * 162 * 3, shown.Length);
            // The picture is nearer to its own frame than to any other: nothing has moved along by one.
            double[] distances = [.. Enumerable.Range(0, 7).Select(j => Distance(shown, frames, j))];
            Assert.Equal(i, Array.IndexOf(distances, distances.Min()));
        }
    }

    [Fact]
    public async Task A_repeated_sample_repeats_its_picture()
    {
        var video = await Probe(Make("a.mp4", seconds: 0.5));
        var pictures = await FrameThumbnails.OfAsync(video, [0, 0.1, 0.1, 0.4], VideoLimits.Default, Cancel);
        Assert.Equal(pictures[1], pictures[2]);
        Assert.NotEqual(pictures[0], pictures[1]);
        Assert.Empty(await FrameThumbnails.OfAsync(video, [], VideoLimits.Default, Cancel));
    }

    [Fact]
    public async Task Of_many_samples_evenly_spaced_ones_get_a_picture()
    {
        var video = await Probe(Make("a.mp4", seconds: 20));
        var pictures = await FrameThumbnails.OfAsync(video, video.TimestampsSeconds, VideoLimits.Default, Cancel);
        Assert.Equal(video.FrameCount, pictures.Count);
        Assert.Equal(FrameThumbnails.Chosen(video.FrameCount),
            Enumerable.Range(0, pictures.Count).Where(i => pictures[i].Length > 0));
        Assert.Equal(FrameThumbnails.Most, FrameThumbnails.Chosen(3600).Distinct().Count());
        Assert.Equal((0, 3599), (FrameThumbnails.Chosen(3600)[0], FrameThumbnails.Chosen(3600)[^1]));
    }

    [Fact]
    public async Task A_tall_video_stays_tall()
    {
        var video = await Probe(Make("a.mp4", "90x400", seconds: 0.3));
        var picture = Assert.Single(await FrameThumbnails.OfAsync(video, [0], VideoLimits.Default, Cancel));
        Assert.Equal(64 * 288 * 3, Pixels(picture).Length);
    }

    [Fact]
    public async Task Pictures_after_the_break_of_a_cut_file_are_empty()
    {
        string path = Make("a.mkv", seconds: 5);
        var video = await Probe(path);
        await using (var file = File.OpenWrite(path))
            file.SetLength(file.Length / 2);
        var pictures = await FrameThumbnails.OfAsync(video, [0, 1, 4.9], VideoLimits.Default, Cancel);
        Assert.NotEmpty(pictures[0]);
        Assert.NotEmpty(pictures[1]);
        Assert.Empty(pictures[2]);
    }

    [Fact]
    public async Task A_stream_is_cut_at_any_buffer_border()
    {
        var video = await Probe(Make("a.mp4", seconds: 1));
        var pictures = await FrameThumbnails.OfAsync(video, video.TimestampsSeconds, VideoLimits.Default, Cancel);
        byte[] all = [.. pictures.SelectMany(p => p)];
        foreach (int step in new[] { 1, 7, 1000, all.Length })
        {
            var stream = new JpegStream(64 * 48 * 3);
            Assert.Equal(pictures, all.Chunk(step).SelectMany(c => stream.Take(c)));
        }

        Assert.Throws<InvalidDataException>(() => new JpegStream(100).Take("<html>"u8));
    }

    private byte[] Pixels(byte[] jpeg)
    {
        Assert.Equal([0xFF, 0xD8], jpeg[..2]);
        Assert.Equal([0xFF, 0xD9], jpeg[^2..]);
        File.WriteAllBytes(At("one.jpg"), jpeg);
        return Run("ffmpeg", "-i", "file:" + At("one.jpg"), "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1");
    }

    private static double Distance(byte[] shown, byte[] frames, int index)
    {
        double sum = 0;
        for (int y = 0; y < 162; y++)
            for (int x = 0; x < 288; x++)
                for (int c = 0; c < 3; c++)
                {
                    int there = (index * 640 * 360 + y * 360 / 162 * 640 + x * 640 / 288) * 3 + c;
                    sum += Math.Abs(shown[(y * 288 + x) * 3 + c] - frames[there]);
                }

        return sum;
    }
}
