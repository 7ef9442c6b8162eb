using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using HieraVid.World.Rendering;

namespace HieraVid.World.Files;

/// <summary>Writes videos of the world as H.264 files, with FFmpeg.</summary>
public static class VideoFile
{
    /// <summary>Renders and encodes a video.</summary>
    /// <param name="video">The video.</param>
    /// <param name="path">An MP4 file; replaced if it is there.</param>
    /// <param name="size">The side of a frame in pixels, even.</param>
    /// <param name="framesPerSecond">The frame rate.</param>
    /// <param name="quality">x264's constant rate factor: 18 is nearly lossless, 28 small.</param>
    /// <exception cref="InvalidOperationException">FFmpeg is missing or fails; the message has its own words.</exception>
    public static void Write(WorldVideo video, string path, int size = 256, int framesPerSecond = 8, int quality = 23)
    {
        using var encoder = Start(path, size, framesPerSecond, quality);
        var complaints = encoder.StandardError.ReadToEndAsync();
        try
        {
            var renderer = new FrameRenderer(video, size);
            var frame = new byte[size * size * 3];
            var count = (int)(video.Duration * framesPerSecond);
            using var pixels = encoder.StandardInput.BaseStream;
            for (var i = 0; i < count; i++)
            {
                renderer.Draw((double)i / framesPerSecond, frame);
                pixels.Write(frame);
            }
        }
        catch (IOException)
        {
            // The encoder is gone; its own words below say why.
        }
        encoder.WaitForExit();
        if (encoder.ExitCode != 0)
            throw new InvalidOperationException($"FFmpeg could not write {path}: {complaints.GetAwaiter().GetResult().Trim()}");
    }

    private static Process Start(string path, int size, int framesPerSecond, int quality)
    {
        var start = new ProcessStartInfo("ffmpeg") { RedirectStandardInput = true, RedirectStandardError = true };
        string[] arguments =
        [
            "-hide_banner", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", $"{size}x{size}",
            "-r", Text(framesPerSecond), "-i", "-", "-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", Text(quality),
            "-pix_fmt", "yuv420p", "-threads", "1", "-movflags", "+faststart", path,
        ];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception error)
        {
            throw new InvalidOperationException("FFmpeg is not installed.", error);
        }

        static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
    }
}
