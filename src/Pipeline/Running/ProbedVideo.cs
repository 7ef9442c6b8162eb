using System.Diagnostics;
using HieraVid.Video;

namespace HieraVid.Pipeline.Running;

/// <summary>A video that was looked at before the job began, so that a bad file is refused before gigabytes of weights are read.</summary>
/// <param name="Info">What was found.</param>
/// <param name="Spent">How long that took.</param>
public sealed record ProbedVideo(VideoInfo Info, TimeSpan Spent)
{
    /// <summary>Looks at a video.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limits">Ceilings on what it may cost.</param>
    /// <param name="cancellation">Ends the probe.</param>
    /// <exception cref="VideoException">The file cannot be used.</exception>
    public static async Task<ProbedVideo> OfAsync(string path, VideoLimits limits, CancellationToken cancellation)
    {
        var start = Stopwatch.GetTimestamp();
        var info = await VideoProbe.ProbeAsync(path, limits, cancellation).ConfigureAwait(false);
        return new ProbedVideo(info, Stopwatch.GetElapsedTime(start));
    }
}
