using System.Diagnostics;

namespace HieraVid.Bench.Workers;

/// <summary>Long videos out of the sample: a loop of its packets, made once.</summary>
internal static class LongVideo
{
    /// <summary>The file. The peers find it at the same place.</summary>
    internal static string Make(int minutes)
    {
        var name = minutes == 60 ? "hour" : FormattableString.Invariant($"{minutes}min");
        var path = Path.Combine("artifacts", "bench", $"{name}-{Path.GetFileName(SampleVideo.File)}");
        if (File.Exists(path))
            return path;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var partial = Path.ChangeExtension(path, ".partial" + Path.GetExtension(path));
        using var ffmpeg = Process.Start("ffmpeg",
            ["-v", "error", "-nostdin", "-y", "-stream_loop", "-1", "-i", SampleVideo.File, "-t", $"{minutes * 60}", "-c", "copy", partial]);
        ffmpeg.WaitForExit();
        if (ffmpeg.ExitCode != 0)
            throw new InvalidOperationException($"{SampleVideo.File} could not be looped.");
        File.Move(partial, path);
        return path;
    }
}
