using System.Diagnostics;
using HieraVid.Video;

namespace HieraVid.Bench.Workers;

/// <summary>Samples an hour, the looped sample video, as a job does: probe, decode, resize.</summary>
internal static class HourFrames
{
    internal const int Spread = 64;

    internal static Func<Dictionary<string, double>> SetUp(Func<VideoInfo, SamplingPlan> choose)
    {
        var path = LongVideo.Make(60);
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

    private static async Task<int> DecodeAsync(VideoInfo video, SamplingPlan plan)
    {
        var frames = 0;
        await foreach (var batch in FrameDecoder.DecodeAsync(video, plan, new FrameSize(384, 384), 8, VideoLimits.Default).ConfigureAwait(false))
            frames += batch.Count;
        return frames;
    }
}
