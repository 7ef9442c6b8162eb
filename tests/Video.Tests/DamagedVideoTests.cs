namespace HieraVid.Video.Tests;

public sealed class DamagedVideoTests : TestVideos
{
    [Fact]
    public async Task A_cut_file_is_an_error_unless_a_part_will_do()
    {
        byte[] all = await File.ReadAllBytesAsync(Make("a.mkv", seconds: 6), Cancel);
        await File.WriteAllBytesAsync(At("cut.mkv"), all[..(all.Length / 2)], Cancel);
        var video = await Probe(At("cut.mkv"));
        var plan = SamplingPlan.Uniform(video, 4);
        var e = await Assert.ThrowsAsync<VideoException>(() => Decode(video, plan));
        Assert.Equal(VideoFault.Truncated, e.Kind);
        Assert.Contains("of 6.00 s are there", e.Message, StringComparison.Ordinal);

        MissingFrames? missing = null;
        byte[] part = await Decode(video, plan, onMissing: m => missing = m);
        int count = part.Length / (64 * 48 * 3);
        Assert.InRange(count, 3, 4); // the frame on which the cut falls may or may not decode
        Assert.Equal(count < 4, missing is not null);
    }

    [Fact]
    public async Task Damage_inside_names_the_time_range()
    {
        string path = Make("a.mp4", seconds: 6, arguments: ["-movflags", "+faststart"]);
        byte[] all = await File.ReadAllBytesAsync(path, Cancel);
        all.AsSpan(all.Length * 2 / 3).Clear();
        await File.WriteAllBytesAsync(path, all, Cancel);
        var video = await Probe(path);
        Assert.Equal(60, video.FrameCount);
        var plan = SamplingPlan.Uniform(video, 30);
        var e = await Assert.ThrowsAsync<VideoException>(() => Decode(video, plan));
        Assert.Equal(VideoFault.Broken, e.Kind);
        Assert.Contains("5.90 s", e.Message, StringComparison.Ordinal);

        MissingFrames? missing = null;
        byte[] part = await Decode(video, plan, batch: 7, onMissing: m => missing = m);
        Assert.NotNull(missing);
        Assert.Equal(part.Length, missing.FirstSample * 64 * 48 * 3);
        Assert.Equal(30 - missing.FirstSample, missing.Count);
        Assert.Equal(plan.TimesSeconds[missing.FirstSample - 1], missing.LastGoodSeconds);
        Assert.Equal(Pick(AllFrames(Make("whole.mp4", seconds: 6)), video, plan.FrameIndices.Take(missing.FirstSample - 1)),
            part[..((missing.FirstSample - 1) * 64 * 48 * 3)]);
    }

    [Fact]
    public async Task A_video_without_one_good_picture_is_an_error_even_where_a_part_would_do()
    {
        string path = Make("a.mp4", arguments: ["-movflags", "+faststart"]);
        byte[] all = await File.ReadAllBytesAsync(path, Cancel);
        all.AsSpan(all.AsSpan().IndexOf("mdat"u8) + 4).Clear();
        await File.WriteAllBytesAsync(path, all, Cancel);
        var e = await Assert.ThrowsAsync<VideoException>(async () =>
        {
            var video = await Probe(path);
            await Decode(video, SamplingPlan.Uniform(video, 4), onMissing: _ => { });
        });
        Assert.Equal(VideoFault.Broken, e.Kind);
    }

    [Fact]
    public async Task Cancelling_leaves_no_process_and_no_file()
    {
        var video = await Probe(Make("a.mp4", "640x480", 20));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var batch in FrameDecoder.DecodeAsync(video, SamplingPlan.Uniform(video, 200), FrameSize.Of(video), 1,
                VideoLimits.Default, null, stop.Token))
            {
                Assert.Equal(1, batch.Count);
                await stop.CancelAsync();
            }
        });
        Assert.Empty(ProcessesOn(video.Path));
        Assert.Equal([video.Path], Directory.GetFileSystemEntries(Folder));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => VideoProbe.ProbeAsync(video.Path, VideoLimits.Default, stop.Token));
    }

    [Fact]
    public async Task Leaving_early_leaves_no_process()
    {
        var video = await Probe(Make("a.mp4", "640x480", 20));
        await foreach (var batch in FrameDecoder.DecodeAsync(video, SamplingPlan.Uniform(video, 200), FrameSize.Of(video), 1,
            VideoLimits.Default, null, Cancel))
        {
            Assert.NotEmpty(ProcessesOn(video.Path));
            break;
        }

        Assert.Empty(ProcessesOn(video.Path));
    }

    private static string[] ProcessesOn(string path)
    {
        Assert.SkipUnless(Directory.Exists("/proc/self"), "no /proc here");
        return [.. Directory.GetDirectories("/proc").Where(d => int.TryParse(Path.GetFileName(d), out _) && CommandOf(d).Contains(path, StringComparison.Ordinal))];
    }

    private static string CommandOf(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (IOException)
        {
            return ""; // it ended meanwhile
        }
    }
}
