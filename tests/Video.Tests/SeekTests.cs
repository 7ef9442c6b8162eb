namespace HieraVid.Video.Tests;

/// <summary>Laws of seeking: whatever is sought, the pictures are those of a decode from the beginning, byte for byte.</summary>
public sealed class SeekTests : TestVideos
{
    private const int Rate = 10, Seconds = 8;

    // A seek is always worth it here; the videos are too small for the real price.
    private const long Free = 0;

    public static TheoryData<string, bool, string[]> Videos => new()
    {
        { "b-frames.mp4", true, ["-c:v", "libx264", "-bf", "3", "-g", "12"] },
        { "b-frames.mkv", true, ["-c:v", "libx264", "-bf", "3", "-g", "12"] },
        { "b-frames.ts", true, ["-c:v", "libx264", "-bf", "3", "-g", "12"] },
        { "open-gop.mp4", true, ["-c:v", "libx264", "-x264-params", "open-gop=1:bframes=3:keyint=8:scenecut=0"] },
        { "open-gop.mkv", true, ["-c:v", "libx265", "-x265-params", "log-level=none:open-gop=1:keyint=8:bframes=3"] },
        { "open-gop.ts", true, ["-c:v", "mpeg2video", "-bf", "2", "-g", "9"] },
        { "vp9.webm", true, ["-c:v", "libvpx-vp9", "-g", "12", "-lag-in-frames", "16", "-auto-alt-ref", "1", "-b:v", "50k"] },
        { "late-start.mp4", true, ["-c:v", "libx264", "-bf", "2", "-g", "12", "-output_ts_offset", "7.3"] },
        { "late-start.mkv", true, ["-c:v", "libx264", "-bf", "2", "-g", "12", "-output_ts_offset", "7.3"] },
        { "late-start.ts", true, ["-c:v", "libx264", "-bf", "2", "-g", "12", "-output_ts_offset", "90000.3"] },
        { "variable.mp4", true, ["-c:v", "libx264", "-g", "12", "-vf", "setpts=N*N/40/TB", "-fps_mode", "vfr"] },
        { "variable.mkv", true, ["-c:v", "libx264", "-g", "12", "-vf", "setpts=N*N/40/TB", "-fps_mode", "vfr"] },
        { "every-one-a-key.mp4", true, ["-c:v", "libx264", "-g", "1"] },
        { "every-one-a-key.mkv", true, ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p"] },
        { "short-gop.mkv", true, ["-c:v", "libx264", "-x264-params", "keyint=3:min-keyint=3:bframes=2:scenecut=0"] },
        { "short-gop.mp4", true, ["-c:v", "libx264", "-x264-params", "keyint=3:min-keyint=3:bframes=2:scenecut=0"] },
        { "one-key.mp4", true, ["-c:v", "libx264", "-g", "9999", "-x264-params", "scenecut=0"] },
        { "fragments.mp4", true, ["-c:v", "libx264", "-bf", "2", "-g", "12", "-movflags", "frag_keyframe+empty_moov"] },
        { "no-index.mkv", true, ["-c:v", "libx264", "-bf", "2", "-g", "12", "-live", "1"] },
        // Marked as key frames, but decoding isn't whole until some frames later.
        { "refreshed.mkv", false, ["-c:v", "libx264", "-x264-params", "keyint=12:intra-refresh=1"] },
        // Containers without a time for every frame, where nothing is sought.
        { "no-times.avi", true, ["-c:v", "mpeg4", "-bf", "2", "-g", "12"] },
        { "no-times.flv", true, ["-c:v", "libx264", "-bf", "2", "-g", "12"] },
    };

    [Theory]
    [MemberData(nameof(Videos))]
    public async Task Sought_frames_and_chunks_are_those_of_a_sequential_decode(string name, bool isTrusted, string[] encoder)
    {
        var video = await Probe(Make(name, seconds: Seconds, rate: Rate, arguments: encoder));
        byte[] all = AllFrames(video.Path);
        Assert.Equal((long)video.FrameCount * 64 * 48 * 3, all.Length);
        var random = new Random(name.Length);
        int[] frames = [.. Enumerable.Range(0, video.FrameCount).Where(_ => random.Next(6) == 0)];
        var stretches = Stretch.Split(video, frames, Free);
        Assert.Equal(video.CanSeek && video.KeyFrames.Length > 1, stretches.Count > 1);
        await using (var decoder = new PlanDecoder(video, stretches, FrameSize.Of(video), VideoLimits.Default, Cancel))
        {
            Assert.Equal(Pick(all, video, frames), await ReadAll(decoder, frames));
            if (isTrusted)
                Assert.Equal(decoder.Lanes * Math.Ceiling((double)stretches.Count / decoder.Lanes / 16), decoder.Processes);
        }

        // Any chunk alone, too.
        for (int first = random.Next(1, 8), count; first < frames.Length; first += count + random.Next(8))
        {
            count = Math.Min(random.Next(1, 8), frames.Length - first);
            int[] chunk = frames[first..(first + count)];
            await using var decoder = new PlanDecoder(video, Stretch.Split(video, chunk, Free), FrameSize.Of(video), VideoLimits.Default, Cancel);
            Assert.Equal(Pick(all, video, chunk), await ReadAll(decoder, chunk));
        }
    }

    [Theory]
    [InlineData("pieces.mp4")]
    [InlineData("pieces.mkv")]
    [InlineData("pieces.ts")]
    public async Task Lanes_that_take_turns_give_the_frames_of_a_sequential_decode(string name)
    {
        var video = await Probe(Make(name, seconds: 40, rate: Rate, arguments: ["-c:v", "libx264", "-bf", "2", "-g", "7"]));
        byte[] all = AllFrames(video.Path);
        int[] frames = [.. Enumerable.Range(0, video.FrameCount).Where(i => i % 3 == 1)];
        var pieces = Stretch.Cut(video, Stretch.Split(video, frames), 100, Free);
        Assert.InRange(pieces.Count, 30, 60);
        Assert.Equal(frames, pieces.SelectMany(p => p.Frames));
        Assert.All(pieces.Skip(1), p => Assert.Contains(p.Anchor, video.KeyFrames));
        await using var decoder = new PlanDecoder(video, pieces, FrameSize.Of(video), VideoLimits.Default, Cancel);
        Assert.Equal(2, decoder.Lanes);
        Assert.Equal(Pick(all, video, frames), await ReadAll(decoder, frames));
    }

    [Fact]
    public void A_stretch_is_cut_only_where_its_pieces_can_be_kept()
    {
        var video = Video(1000, 50);
        int[] frames = [.. Enumerable.Range(0, 100).Select(i => 10 * i + 5)];
        var whole = Stretch.Split(video, frames);
        // Twenty seeks cost 100 frames here: a piece ends at the first key frame more than that behind its beginning.
        Assert.Equal([(-1, 10), (100, 15), (250, 15)],
            Stretch.Cut(video, whole, 15, 5 * 64 * 48).Take(3).Select(s => (s.Anchor, s.Frames.Count)));
        Assert.Equal(whole, Stretch.Cut(video, whole, 14, 5 * 64 * 48));
        Assert.Equal(whole, Stretch.Cut(video with { CanSeek = false }, whole, 15, 5 * 64 * 48));
    }

    [Fact]
    public async Task A_file_with_an_edit_list_is_sought_by_its_edited_times()
    {
        Make("whole.mp4", seconds: Seconds, arguments: ["-c:v", "libx264", "-bf", "2", "-g", "25"]);
        Run("ffmpeg", "-ss", "1.7", "-i", At("whole.mp4"), "-c", "copy", At("cut.mp4"));
        var video = await Probe(At("cut.mp4"));
        byte[] all = AllFrames(video.Path);
        int[] frames = [.. Enumerable.Range(0, video.FrameCount).Where(i => i % 9 == 8)];
        var stretches = Stretch.Split(video, frames, Free);
        Assert.Equal((double)all.Length / (64 * 48 * 3), video.FrameCount);
        Assert.True(stretches.Count > 2);
        await using var decoder = new PlanDecoder(video, stretches, FrameSize.Of(video), VideoLimits.Default, Cancel);
        Assert.Equal(Pick(all, video, frames), await ReadAll(decoder, frames));
    }

    [Theory]
    [InlineData("car-detection.mp4")]
    [InlineData("one-by-one-person-detection.mp4")]
    [InlineData("bottle-detection.mp4")]
    public async Task Chunks_of_a_real_video_are_the_whole(string name)
    {
        var video = await Probe(Repository.RealVideo(name));
        var plan = SamplingPlan.AtFps(video, Math.Max(1, 12 / video.DurationSeconds));
        var size = new FrameSize(96, 54);
        byte[] whole = await Decode(video, plan, size, batch: 8);
        int chunk = plan.Count / 3 + 1;
        var parts = Enumerable.Range(0, 3).Select(i => new Range(i * chunk, Math.Min(plan.Count, (i + 1) * chunk))).Select(r =>
            Decode(video, plan with { FrameIndices = plan.FrameIndices[r], TimesSeconds = plan.TimesSeconds[r] }, size, batch: 5));
        Assert.Equal(whole, (await Task.WhenAll(parts)).SelectMany(p => p));
    }

    [Fact]
    public void Nothing_is_sought_where_decoding_on_is_cheaper()
    {
        var video = Video(1000, 50);
        Assert.Equal([(-1, 2), (500, 1), (950, 2)], Stretch.Split(video, [3, 120, 510, 950, 999], 100 * 64 * 48).Select(s => (s.Anchor, s.Frames.Count)));
        Assert.Equal([(-1, 5)], Stretch.Split(video with { CanSeek = false }, [3, 120, 510, 950, 999], 0).Select(s => (s.Anchor, s.Frames.Count)));
    }

    private static VideoInfo Video(int frames, int gop) => new()
    {
        Path = "a.mp4",
        Container = VideoContainer.Mp4,
        Codec = "h264",
        PixelFormat = "yuv420p",
        CodedWidth = 64,
        CodedHeight = 48,
        RotationDegrees = 0,
        SampleAspectRatio = 1,
        DurationSeconds = frames / 10.0,
        DeclaresDuration = true,
        AverageFps = 10,
        IsVariableFrameRate = false,
        TimestampsSeconds = [.. Enumerable.Range(0, frames).Select(i => i / 10.0)],
        FrameTicks = [.. Enumerable.Range(0, frames).Select(i => (long)i)],
        KeyFrames = [.. Enumerable.Range(0, frames).Where(i => i % gop == 0)],
        CanSeek = true,
        FramesEndSeconds = frames / 10.0,
        MissingTailSeconds = 0,
        IsIndexAtEnd = false,
        StreamCount = 1,
        FileBytes = 1,
    };

    private static async Task<byte[]> ReadAll(PlanDecoder decoder, int[] frames)
    {
        var all = new List<byte>();
        foreach (int frame in frames)
        {
            byte[]? picture = await decoder.ReadAsync(frame);
            Assert.NotNull(picture);
            all.AddRange(picture);
        }

        return [.. all];
    }
}
