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
    public async Task Behind_damage_the_frames_go_on_and_each_gap_has_its_times()
    {
        var (video, all) = await WithHole();
        var plan = SamplingPlan.AtFps(video, 5);
        var e = await Assert.ThrowsAsync<VideoException>(() => Decode(video, plan));
        Assert.Equal(VideoFault.Broken, e.Kind);
        Assert.Matches(@"between \d+\.\d+ s and \d+\.\d+ s, so \d+ of 60 sampled frames are missing \(FFmpeg: .+\);", e.Message);

        MissingFrames? missing = null;
        byte[] part = await Decode(video, plan, batch: 7, onMissing: m => missing = m);
        Assert.NotNull(missing);
        Assert.Equal(60, missing.Planned);
        Assert.Equal(60 - missing.Count, part.Length / (64 * 48 * 3));
        Assert.All(missing.Gaps, g => Assert.InRange(g.FirstSample, 19, 40));
        Assert.All(missing.Gaps, g => Assert.InRange(g.UntilSeconds, g.FromSeconds, 8.5));
        int until = missing.Gaps[^1].FirstSample + missing.Gaps[^1].Count;
        Assert.True(until < plan.Count);
        // The groups of pictures (a second each) before and behind the damage are whole.
        Assert.Equal(Pick(all, video, plan.FrameIndices.Take(15)), part[..(15 * 64 * 48 * 3)]);
        Assert.Equal(Pick(all, video, plan.FrameIndices.TakeLast(15)), part[^(15 * 64 * 48 * 3)..]);
    }

    [Fact]
    public async Task A_chunk_behind_damage_is_whole()
    {
        var (video, all) = await WithHole();
        var plan = SamplingPlan.Of(video, [.. Enumerable.Range(0, 20).Select(i => 95 + i)], "the end");
        Assert.Equal(Pick(all, video, plan.FrameIndices), await Decode(video, plan));
        await using var sought = new PlanDecoder(video, Stretch.Split(video, plan.FrameIndices, 0), FrameSize.Of(video), VideoLimits.Default, Cancel);
        for (int i = 0; i < plan.Count; i++)
            Assert.Equal(Pick(all, video, [plan.FrameIndices[i]]), await sought.ReadAsync(plan.FrameIndices[i]));
    }

    [Fact]
    public async Task Where_nothing_more_can_be_read_few_attempts_are_made()
    {
        byte[] all = await File.ReadAllBytesAsync(Make("a.mp4", seconds: 12, arguments: ["-c:v", "libx264", "-g", "2", "-movflags", "+faststart"]), Cancel);
        await File.WriteAllBytesAsync(At("cut.mp4"), all[..(all.Length / 2)], Cancel);
        // The index still names all frames, as in a file whose end is gone only when it comes to decoding.
        var video = await Probe(At("a.mp4")) with { Path = At("cut.mp4") };
        int[] frames = [.. Enumerable.Range(0, video.FrameCount)];
        await using var decoder = new PlanDecoder(video, Stretch.Split(video, frames), FrameSize.Of(video), VideoLimits.Default, Cancel);
        int found = 0;
        foreach (int frame in frames)
            found += await decoder.ReadAsync(frame) is null ? 0 : 1;
        Assert.InRange(found, 40, 90);
        Assert.InRange(decoder.Processes, 1, 10);
    }

    // Twelve seconds with a key frame a second, and nothing but zeros where about the sixth to the eighth were.
    private async Task<(VideoInfo Video, byte[] All)> WithHole()
    {
        string path = Make("hole.mp4", seconds: 12, arguments: ["-c:v", "libx264", "-g", "10", "-movflags", "+faststart"]);
        byte[] pictures = AllFrames(path);
        byte[] all = await File.ReadAllBytesAsync(path, Cancel);
        int begin = all.AsSpan().IndexOf("mdat"u8) + 4, bytes = all.Length - begin;
        int from = begin + bytes * 5 / 12, to = begin + bytes * 8 / 12;
        all.AsSpan(from, to - from).Clear();
        await File.WriteAllBytesAsync(path, all, Cancel);
        return (await Probe(path), pictures);
    }

    [Fact]
    public async Task A_video_without_one_good_picture_is_an_error_or_missing_as_a_whole()
    {
        string path = Make("a.mp4", arguments: ["-movflags", "+faststart"]);
        byte[] all = await File.ReadAllBytesAsync(path, Cancel);
        all.AsSpan(all.AsSpan().IndexOf("mdat"u8) + 4).Clear();
        await File.WriteAllBytesAsync(path, all, Cancel);
        var video = await Probe(path);
        var plan = SamplingPlan.Uniform(video, 4);
        Assert.Equal(VideoFault.Broken, (await Assert.ThrowsAsync<VideoException>(() => Decode(video, plan))).Kind);
        MissingFrames? missing = null;
        Assert.Empty(await Decode(video, plan, onMissing: m => missing = m));
        Assert.Equal([new MissingRange(0, 4, 0, plan.TimesSeconds[3])], missing!.Gaps);
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
