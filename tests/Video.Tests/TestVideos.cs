using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace HieraVid.Video.Tests;

/// <summary>Small videos made by the real FFmpeg in a folder of the test's own, gone with the test.</summary>
public class TestVideos : IDisposable
{
    protected string Folder { get; } = Directory.CreateTempSubdirectory("hieravid-video-").FullName;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    protected string At(string name) => Path.Combine(Folder, name);

    /// <summary>A test picture with moving parts. Encoded by x264 unless the arguments say otherwise.</summary>
    protected string Make(string name, string size = "64x48", double seconds = 2, int rate = 10, params string[] arguments)
    {
        string path = At(name);
        string[] encoder = arguments.Contains("-c:v") ? [] : ["-c:v", "libx264", "-preset", "veryfast", "-g", "10"];
        Run("ffmpeg", ["-f", "lavfi", "-i", FormattableString.Invariant($"testsrc2=s={size}:r={rate}:d={seconds}"),
            .. arguments, .. encoder, "-y", "file:" + path]);
        return path;
    }

    /// <summary>Every frame of a video as raw RGB, by a full decode of FFmpeg's own.</summary>
    protected static byte[] AllFrames(string path) =>
        Run("ffmpeg", ["-i", "file:" + path, "-map", "0:V:0", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"]);

    /// <summary>The SHA-256 of raw RGB frames, by a full decode of FFmpeg's own; all frames unless a filter
    /// selects.</summary>
    protected static string[] Hashes(string path, string filter = "null") =>
        [.. Encoding.ASCII.GetString(Run("ffmpeg", "-i", "file:" + path, "-map", "0:V:0", "-vf", filter, "-fps_mode", "passthrough",
                "-pix_fmt", "rgb24", "-f", "framehash", "-hash", "sha256", "pipe:1"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => !line.StartsWith('#'))
            .Select(line => line[(line.LastIndexOf(' ') + 1)..])];

    protected static string Hash(ReadOnlySpan<byte> frame) => Convert.ToHexStringLower(SHA256.HashData(frame));

    protected static byte[] Run(string tool, params string[] arguments)
    {
        var start = new ProcessStartInfo(tool, ["-v", "error", "-nostdin", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var messages = process.StandardError.ReadToEndAsync(Cancel);
        using var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, messages.Result);
        return output.ToArray();
    }

    protected static Task<VideoInfo> Probe(string path, VideoLimits? limits = null) =>
        VideoProbe.ProbeAsync(path, limits ?? VideoLimits.Default, Cancel);

    protected static async Task<VideoException> ProbeFails(string path, VideoFault kind, VideoLimits? limits = null)
    {
        var e = await Assert.ThrowsAsync<VideoException>(() => Probe(path, limits));
        Assert.Equal(kind, e.Kind);
        Assert.DoesNotContain('\n', e.Message);
        return e;
    }

    /// <summary>All samples of a plan as one array of raw pictures; without the missing ones.</summary>
    protected static async Task<byte[]> Decode(VideoInfo video, SamplingPlan plan, FrameSize? size = null, int batch = 4,
        VideoLimits? limits = null, Action<MissingFrames>? onMissing = null)
    {
        var all = new List<byte>();
        int sample = 0;
        await foreach (var part in FrameDecoder.DecodeAsync(video, plan, size ?? FrameSize.Of(video), batch,
            limits ?? VideoLimits.Default, onMissing, Cancel))
        {
            Assert.True(part.FirstSample == sample || (part.FirstSample > sample && onMissing is not null));
            Assert.InRange(part.Count, 1, batch);
            Assert.Equal(part.Count * part.FrameBytes, part.Rgb.Length);
            sample = part.FirstSample + part.Count;
            all.AddRange(part.Rgb.Span);
        }

        return [.. all];
    }

    protected static byte[] Pick(byte[] frames, VideoInfo video, IEnumerable<int> indices)
    {
        int bytes = video.Width * video.Height * 3;
        return [.. indices.SelectMany(i => frames.AsSpan(i * bytes, bytes).ToArray())];
    }

    public void Dispose()
    {
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }
}
