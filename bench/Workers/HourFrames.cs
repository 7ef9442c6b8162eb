using System.Diagnostics;
using HieraVid.Video;

namespace HieraVid.Bench.Workers;

/// <summary>Samples an hour, the looped sample video, as a job does: probe, decode, resize.</summary>
internal static class HourFrames
{
    internal const int Spread = 64;

    internal static Func<Dictionary<string, double>> SetUp(Func<VideoInfo, SamplingPlan> choose)
    {
        var path = Make();
        return () =>
        {
            var clock = Stopwatch.StartNew();
            var video = VideoProbe.ProbeAsync(path, VideoLimits.Default).GetAwaiter().GetResult();
            var probe = clock.Elapsed.TotalSeconds;
            clock.Restart();
            var frames = DecodeAsync(video, choose(video)).GetAwaiter().GetResult();
            return new Dictionary<string, double>
            {
                ["seconds"] = clock.Elapsed.TotalSeconds,
                ["probeSeconds"] = probe,
                ["frames"] = frames,
            };
        };
    }

    // The peer finds it at the same place. A loop of packets, so it takes a second.
    private static string Make()
    {
        var path = Path.Combine("artifacts", "bench", "hour-" + Path.GetFileName(SampleVideo.File));
        if (File.Exists(path))
            return path;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var partial = Path.ChangeExtension(path, ".partial" + Path.GetExtension(path));
        using var ffmpeg = Process.Start("ffmpeg",
            ["-v", "error", "-nostdin", "-y", "-stream_loop", "-1", "-i", SampleVideo.File, "-t", "3600", "-c", "copy", partial]);
        ffmpeg.WaitForExit();
        if (ffmpeg.ExitCode != 0)
            throw new InvalidOperationException($"{SampleVideo.File} could not be looped.");
        File.Move(partial, path);
        return path;
    }

    private static async Task<int> DecodeAsync(VideoInfo video, SamplingPlan plan)
    {
        var frames = 0;
        await foreach (var batch in FrameDecoder.DecodeAsync(video, plan, new FrameSize(384, 384), 8, VideoLimits.Default).ConfigureAwait(false))
            frames += batch.Count;
        return frames;
    }
}
