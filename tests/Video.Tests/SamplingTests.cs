using System.Globalization;
using System.Text.Json;

namespace HieraVid.Video.Tests;

public sealed class SamplingTests
{
    private static readonly JsonElement Cases =
        JsonDocument.Parse(File.ReadAllText(Repository.Fixture("sampling/cases.json"))).RootElement;

    [Fact]
    public void Uniform_takes_the_reference_frames()
    {
        foreach (var c in Cases.GetProperty("linspace").EnumerateArray())
            Assert.Equal(Frames(c), FrameSampling.Uniform(c.GetProperty("total_frames").GetInt32(), c.GetProperty("num").GetInt32()));
    }

    [Fact]
    public void LlavaVideo_takes_the_reference_frames_and_tells_the_reference_times()
    {
        foreach (var c in Cases.GetProperty("llava").EnumerateArray())
        {
            var sample = FrameSampling.LlavaVideo(c.GetProperty("total_frames").GetInt32(), c.GetProperty("avg_fps").GetDouble(),
                c.GetProperty("max_frames").GetInt32(), c.GetProperty("force_sample").GetBoolean());
            Assert.Equal(Frames(c), sample.Indices);
            Assert.Equal(c.GetProperty("frame_time").GetString(), sample.FrameTimes);
            Assert.Equal(c.GetProperty("video_time").GetString(), sample.VideoSeconds.ToString("F2", CultureInfo.InvariantCulture));
            Assert.Equal(c.GetProperty("time_instruction").GetString(), sample.TimeInstruction);
        }
    }

    [Fact]
    public void QwenVl_takes_the_reference_frames_and_refuses_what_the_reference_refuses()
    {
        foreach (var c in Cases.GetProperty("qwen_vl_utils").EnumerateArray())
        {
            var asked = c.GetProperty("options");
            var options = new QwenVlSampling
            {
                Fps = asked.TryGetProperty("fps", out var fps) ? fps.GetDouble() : 2,
                Frames = asked.TryGetProperty("nframes", out var n) ? n.GetInt32() : null,
                MaxFrames = asked.TryGetProperty("max_frames", out var max) ? max.GetInt32() : null,
            };
            int total = c.GetProperty("total_frames").GetInt32();
            double rate = c.GetProperty("video_fps").GetDouble();
            if (c.GetProperty("nframes").ValueKind == JsonValueKind.Null)
                Assert.Throws<ArgumentOutOfRangeException>(() => FrameSampling.QwenVl(total, rate, options));
            else
                Assert.Equal(Frames(c), FrameSampling.QwenVl(total, rate, options));
        }
    }

    [Fact]
    public void A_very_slow_video_gives_every_frame_at_its_own_time()
    {
        var sample = FrameSampling.LlavaVideo(5, 0.25, 64, forceSample: false);
        Assert.Equal([0, 1, 2, 3, 4], sample.Indices);
        Assert.Equal([0, 4, 8, 12, 16], sample.TimesSeconds);
    }

    [Fact]
    public void Uniform_repeats_frames_when_more_are_asked_than_there_are()
    {
        int[] indices = FrameSampling.Uniform(3, 7);
        Assert.Equal([0, 0, 0, 1, 1, 1, 2], indices);
        Assert.Equal([0], FrameSampling.Uniform(9, 1));
        Assert.Equal([0, 0], FrameSampling.Uniform(1, 2));
    }

    [Fact]
    public void AtFps_takes_the_frame_on_screen()
    {
        double[] uneven = [0, 0.1, 0.9, 1.0, 3.5, 3.6];
        Assert.Equal([0, 3, 3, 3], FrameSampling.AtFps(uneven, 3.7, 1));
        Assert.Equal([0, 1, 3, 3, 3, 3, 3, 4], FrameSampling.AtFps(uneven, 3.7, 2));
    }

    [Fact]
    public void AtFps_begins_with_the_first_frame_even_where_it_is_late()
    {
        Assert.Equal([0, 0, 1], FrameSampling.AtFps([1.5, 2.0], 2.5, 1));
        Assert.Equal([0], FrameSampling.AtFps([0.0], 0.04, 1));
    }

    [Theory]
    [InlineData(3600, 25)]
    [InlineData(600, 29.97)]
    [InlineData(1800, 12.5)]
    public void AtFps_at_one_per_second_gives_as_many_samples_as_seconds(int seconds, double fps)
    {
        double[] times = [.. Enumerable.Range(0, (int)(seconds * fps)).Select(i => i / fps)];
        int[] indices = FrameSampling.AtFps(times, seconds, 1);
        Assert.Equal(seconds, indices.Length);
        for (int k = 0; k < indices.Length; k++)
            Assert.InRange(k - times[indices[k]], -1e-6, 1 / fps);
    }

    [Fact]
    public void CountAtFps_is_the_length_of_AtFps_and_knows_no_ceiling()
    {
        var random = new Random(3);
        for (int round = 0; round < 500; round++)
        {
            double seconds = random.Next(1, 5000) / (double)random.Next(1, 100), fps = random.Next(1, 300) / (double)random.Next(1, 30);
            Assert.Equal(FrameSampling.AtFps([0], seconds, fps).Length, Counted(seconds, fps));
            Assert.Equal(Counted(seconds, fps), FrameSampling.CountAtFps(seconds, fps));
        }

        Assert.Equal(3.6e12, FrameSampling.CountAtFps(3600, 1e9), 1e6);
        Assert.Equal(double.PositiveInfinity, FrameSampling.CountAtFps(3600, 1e308));
        Assert.Throws<ArgumentOutOfRangeException>(() => FrameSampling.AtFps([0], 3600, 1e9));
        Assert.Throws<ArgumentOutOfRangeException>(() => FrameSampling.CountAtFps(3600, 0));
    }

    // The rule itself: the times k/fps before the end (a microsecond is no time), at least one.
    private static int Counted(double seconds, double fps)
    {
        int k = 1;
        while (k / fps < seconds - 1e-6)
            k++;
        return k;
    }

    private static int[] Frames(JsonElement c) => [.. c.GetProperty("frame_idx").EnumerateArray().Select(i => i.GetInt32())];
}
