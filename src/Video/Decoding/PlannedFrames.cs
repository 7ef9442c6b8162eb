using System.Diagnostics;
using System.Globalization;

namespace HieraVid.Video;

/// <summary>The raw pictures of some stretches, as one FFmpeg process delivers them.</summary>
internal sealed class PlannedFrames : IAsyncDisposable
{
    private readonly FfmpegProcess process;
    private readonly FrameOrder order;
    private readonly byte[] picture;
    private ShownFrame? current;
    private bool isOver;

    private PlannedFrames(FfmpegProcess process, FrameOrder order, byte[] picture) =>
        (this.process, this.order, this.picture) = (process, order, picture);

    /// <summary>FFmpeg's last complaint.</summary>
    public string LastMessage => process.LastMessage;

    /// <summary>Starts decoding.</summary>
    /// <param name="video">The video.</param>
    /// <param name="stretches">What to decode, in order of time.</param>
    /// <param name="limits">The ceilings; also how many threads each input's decoder has.</param>
    /// <param name="picture">Where the pictures are put, one at a time: [height, width, 3].</param>
    /// <param name="waited">Time waited for FFmpeg so far.</param>
    /// <param name="cancel">Kills the process.</param>
    public static PlannedFrames Start(VideoInfo video, IReadOnlyList<Stretch> stretches, VideoLimits limits, byte[] picture,
        Stopwatch waited, CancellationToken cancel)
    {
        // The scaler only converts colours unless the stream changes its size on the way, which would break the framing.
        string finish = string.Create(CultureInfo.InvariantCulture, $"scale={video.Width}:{video.Height},format=rgb24");
        var order = new FrameOrder();
        string[] output = ["-f", "rawvideo", "-pix_fmt", "rgb24"];
        return new(DecodeCommand.Start(video, stretches, finish, output, limits, order, waited, cancel), order, picture);
    }

    /// <summary>
    /// Goes on to a frame, whose picture is then in the buffer. Null: it isn't there, because the decoder passed it or ended.
    /// </summary>
    public async ValueTask<ShownFrame?> FindAsync(int input, long ticks)
    {
        while (!isOver && (current is not { } frame || (frame.Input, frame.Ticks).CompareTo((input, ticks)) < 0))
            await NextAsync().ConfigureAwait(false);
        return current is { } found && (found.Input, found.Ticks) == (input, ticks) ? found : null;
    }

    /// <summary>Whether an input has nothing more to come.</summary>
    public bool IsPast(int input) => isOver || current is { } frame && frame.Input > input;

    /// <summary>Marks the picture in the buffer as used. Two frames may share a timestamp; the next find takes the second.</summary>
    public void Take() => current = null;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => process.DisposeAsync();

    private async ValueTask NextAsync()
    {
        current = null;
        // Synchronously: between two pieces of a picture an idle thread of the pool would spin, as long as it works otherwise.
        int got = await process.WaitAsync(output => ValueTask.FromResult(output.ReadAtLeast(picture, picture.Length,
            throwOnEndOfStream: false))).ConfigureAwait(false);
        if (got == picture.Length &&
            await process.WaitAsync(_ => order.Frames.WaitToReadAsync(CancellationToken.None)).ConfigureAwait(false) &&
            order.Frames.TryRead(out var frame))
        {
            current = frame;
            return;
        }

        isOver = true;
        await process.ExitAsync().ConfigureAwait(false);
    }
}
