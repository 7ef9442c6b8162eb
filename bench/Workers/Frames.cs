using System.Diagnostics;
using HieraVid.Video;

namespace HieraVid.Bench.Workers;

/// <summary>Decodes 32 frames of the video at its own size: no resize, as the peer does none.</summary>
internal static class Frames
{
    internal static Func<Dictionary<string, double>> SetUp(string checkpoint) => () =>
    {
        var clock = Stopwatch.StartNew();
        var video = SampleVideo.Probe();
        var probe = clock.Elapsed.TotalSeconds;
        clock.Restart();
        long bytes = 0;
        SampleVideo.Decode(video, FrameSize.Of(video), batch => bytes += batch.Rgb.Length).GetAwaiter().GetResult();
        return new Dictionary<string, double>
        {
            ["seconds"] = clock.Elapsed.TotalSeconds,
            ["probeSeconds"] = probe,
            ["frameBytes"] = bytes,
        };
    };
}
