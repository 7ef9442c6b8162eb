using System.CommandLine;
using HieraVid.Client.Output;
using HieraVid.Video;

namespace HieraVid.Client.Commands;

/// <summary><c>hieravid doctor</c>: what makes a video slow or risky, and the command that fixes it.</summary>
internal static class DoctorCommand
{
    internal static Command Create()
    {
        var video = PathSymbols.Argument("VIDEO", "The video file.");
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var command = new Command("doctor", """
            Say what makes a video slow or risky to work with, and how to fix it.

            Example:
              hieravid doctor recording.mp4
            """) { video, json };
        command.SetAction((parsed, cancellation) =>
            RunAsync(parsed.GetRequiredValue(video), parsed.GetValue(json), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string path, bool json, CancellationToken cancellation)
    {
        var video = await VideoProbe.ProbeAsync(path, VideoLimits.Default, cancellation).ConfigureAwait(false);
        var findings = VideoDoctor.Examine(video);
        if (json)
        {
            StandardOutput.WriteLine(Json.Of(new
            {
                video.Path,
                video.Codec,
                video.Width,
                video.Height,
                video.DurationSeconds,
                video.AverageFps,
                video.FrameCount,
                KeyFrames = video.KeyFrames.Length,
                Findings = findings.Select(f => new { Severity = $"{f.Severity}", Kind = $"{f.Kind}", f.Why, f.Fix }),
            }));
            return CommandLine.Success;
        }
        StandardOutput.WriteLine(video);
        if (findings.Count == 0)
            StandardOutput.WriteLine("Healthy: nothing makes this file slow or risky.");
        foreach (var finding in findings)
        {
            StandardOutput.WriteLine($"{finding.Severity}: {finding.Why}");
            if (finding.Fix.Length > 0)
                StandardOutput.WriteLine($"  {finding.Fix}");
        }
        return CommandLine.Success;
    }
}
