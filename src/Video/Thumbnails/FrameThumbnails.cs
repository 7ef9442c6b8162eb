using System.Globalization;

namespace HieraVid.Video;

/// <summary>Small JPEG pictures of the sampled frames, for people to look at.</summary>
public static class FrameThumbnails
{
    /// <summary>Most pictures that are made; of more samples, evenly spaced ones get one. 128 are about 1 MB.</summary>
    public const int Most = 128;

    /// <summary>The longer side in pixels. A page shows some 160 to 400 of them per frame.</summary>
    public const int LongSide = 288;

    // The encoder's own scale, 2 is best and 31 worst. 5 gives 5 to 12 KB, and its artefacts are not seen at this size.
    private const int Quality = 5;

    /// <summary>The samples that get a picture: all, or <see cref="Most"/> evenly spaced ones with the first and the
    /// last.</summary>
    /// <param name="samples">How many there are.</param>
    public static int[] Chosen(int samples) => samples <= Most
        ? [.. Enumerable.Range(0, samples)]
        : [.. Enumerable.Range(0, Most).Select(i => (int)((long)i * (samples - 1) / (Most - 1)))];

    /// <summary>
    /// Decodes the samples once more, with FFmpeg behind the sandbox, which also scales and compresses them; those that lie
    /// far apart are sought. Decoding again costs time only when somebody wants the pictures, and no stage has to hold on to
    /// pixels for it.
    /// </summary>
    /// <param name="video">The probed video.</param>
    /// <param name="timesSeconds">When the samples are shown, ascending.</param>
    /// <param name="limits">The ceilings.</param>
    /// <param name="cancel">Kills the process.</param>
    /// <returns>One JPEG file per sample; empty for one that was not chosen or can't be decoded.</returns>
    /// <exception cref="VideoException">The video is gone or costs more than the ceilings allow.</exception>
    public static async Task<IReadOnlyList<byte[]>> OfAsync(VideoInfo video, IReadOnlyList<double> timesSeconds,
        VideoLimits limits, CancellationToken cancel = default)
    {
        var result = new byte[timesSeconds.Count][];
        Array.Fill(result, []);
        if (result.Length == 0)
            return result;

        var frames = Chosen(result.Length).Select(s => (Sample: s, Frame: Nearest(video, timesSeconds[s]))).ToArray();
        int[] wanted = [.. frames.Select(f => f.Frame).Distinct().Order()];
        var pictures = new Dictionary<long, byte[]>();
        foreach (var stretches in Stretch.Split(video, wanted).Chunk(DecodeCommand.InputsPerProcess(video)))
            await DecodeAsync(video, stretches, pictures, limits, cancel).ConfigureAwait(false);
        // A seek that landed too late shows by what is missing; from the beginning it is found, if it is there at all.
        int[] missing = [.. wanted.Where(frame => !pictures.ContainsKey(video.FrameTicks[frame]))];
        if (missing.Length > 0)
            await DecodeAsync(video, [new(Stretch.FromStart, missing)], pictures, limits, cancel).ConfigureAwait(false);
        foreach (var (sample, frame) in frames)
            result[sample] = pictures.GetValueOrDefault(video.FrameTicks[frame], []);
        return result;
    }

    // The pictures by their timestamps: when the decoder passes over a damaged one, the others keep their places.
    private static async Task DecodeAsync(VideoInfo video, Stretch[] stretches, Dictionary<long, byte[]> pictures,
        VideoLimits limits, CancellationToken cancel)
    {
        var (width, height) = Size(video);
        string finish = string.Create(CultureInfo.InvariantCulture, $"scale={width}:{height}:out_range=pc,setsar=1,format=yuvj420p");
        string[] output = ["-c:v", "mjpeg", "-q:v", $"{Quality}", "-f", "image2pipe"];
        var order = new FrameOrder();
        await using var process =
            DecodeCommand.Start(video, stretches, finish, output, limits, order, new(), cancel);
        var stream = new JpegStream(maxPictureBytes: width * height * 3);
        byte[] buffer = new byte[64 << 10];
        while (await process.WaitAsync(o => o.ReadAsync(buffer, CancellationToken.None)).ConfigureAwait(false) is > 0 and var read)
        {
            foreach (byte[] picture in stream.Take(buffer.AsSpan(0, read)))
            {
                // Its line was written before the picture; the wait is for the task that reads the lines.
                if (!await order.Frames.WaitToReadAsync(cancel).ConfigureAwait(false))
                    return;
                if (order.Frames.TryRead(out var frame))
                    pictures.TryAdd(frame.Ticks, picture);
            }
        }

        await process.ExitAsync().ConfigureAwait(false);
    }

    private static (int Width, int Height) Size(VideoInfo video)
    {
        double scale = Math.Min(1, (double)LongSide / Math.Max(video.DisplayWidth, video.DisplayHeight));
        return (Side(video.DisplayWidth), Side(video.DisplayHeight));

        // Chroma is stored at half the size, so odd sides would be rounded by the encoder.
        int Side(int pixels) => Math.Max(16, (int)Math.Round(pixels * scale / 2) * 2);
    }

    private static int Nearest(VideoInfo video, double seconds)
    {
        double[] times = video.TimestampsSeconds;
        int after = Array.BinarySearch(times, seconds);
        if (after >= 0)
            return after;
        after = Math.Clamp(~after, 0, times.Length - 1);
        return after > 0 && seconds - times[after - 1] <= Math.Abs(times[after] - seconds) ? after - 1 : after;
    }
}
