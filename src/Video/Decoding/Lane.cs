using System.Diagnostics;

namespace HieraVid.Video;

/// <summary>
/// Delivers the frames of some stretches in order, and decides what to do where FFmpeg doesn't: begin earlier if a seek can't be
/// trusted, go on behind the damage if the file is broken.
/// </summary>
internal sealed class Lane(VideoInfo video, IEnumerable<Stretch> stretches, VideoLimits limits, CancellationToken cancel) : IAsyncDisposable
{
    private readonly byte[] picture = new byte[video.Width * video.Height * 3];
    private readonly Stopwatch waited = new();
    private readonly List<Stretch> left = [.. stretches];
    private PlannedFrames? frames;
    private int input;
    private bool isAnchored;
    private int breaks;
    private string earlierMessage = "";

    /// <summary>Processes started so far.</summary>
    public int Processes { get; private set; }

    /// <summary>FFmpeg's last complaint.</summary>
    public string LastMessage => frames?.LastMessage is { Length: > 0 } now ? now : earlierMessage;

    /// <summary>The raw picture of a frame, valid until the next call; null if it can't be had.</summary>
    /// <param name="frame">One of the stretches' frames, after those asked for before.</param>
    public async ValueTask<byte[]?> ReadAsync(int frame)
    {
        while (left.Count > 0 && left[0].Frames[^1] < frame)
        {
            left.RemoveAt(0);
            (input, isAnchored) = (input + 1, false);
        }

        while (left.Count > 0 && left[0].Frames[0] <= frame)
        {
            if (frames is null || input >= DecodeCommand.InputsPerProcess(video))
            {
                await EndAsync().ConfigureAwait(false);
                Start();
            }

            if (!isAnchored && !await IsAtAnchorAsync().ConfigureAwait(false))
            {
                await EndAsync().ConfigureAwait(false);
                Move(frame);
                continue;
            }

            isAnchored = true;
            if (await frames!.FindAsync(input, video.FrameTicks[frame]).ConfigureAwait(false) is not null)
            {
                frames.Take();
                breaks = 0;
                return picture;
            }

            if (!frames.IsPast(input) || !video.CanSeek)
                return null;
            await EndAsync().ConfigureAwait(false);
            GoOnBehind(frame);
        }

        return null;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => EndAsync();

    private void Start()
    {
        int inputs = video.CanSeek ? DecodeCommand.InputsPerProcess(video) : 1;
        frames = PlannedFrames.Start(video, [.. left.Take(inputs)], limits, picture, waited, cancel);
        (input, isAnchored) = (0, false);
        Processes++;
    }

    private async ValueTask<bool> IsAtAnchorAsync()
    {
        int anchor = left[0].Anchor;
        return anchor == Stretch.FromStart ||
            await frames!.FindAsync(input, video.FrameTicks[anchor]).ConfigureAwait(false) is { IsIntra: true };
    }

    // Decoding could not be seen to begin at the anchor. Perhaps just this key frame is broken or misplaced: try the one before. If
    // that doesn't help, then the file's key frames or its seeking deserve no trust, and all that is left is decoded in one go.
    // Behind damage there is no way back.
    private void Move(int frame)
    {
        switch (left[0].Origin)
        {
            case StretchOrigin.Planned:
                left[0] = left[0].Earlier(video);
                break;
            case StretchOrigin.Earlier:
                int[] all = [.. left.SelectMany(s => s.Frames).Where(f => f >= frame)];
                left.Clear();
                left.Add(new(Stretch.FromStart, all));
                break;
            default:
                GoOnBehind(frame);
                break;
        }
    }

    // The input ended before the frame. The further steps double, so that a file that lacks its second half costs few attempts.
    private void GoOnBehind(int frame)
    {
        int skip = breaks == 0 ? 0 : (1 << Math.Min(breaks, 20)) - 1;
        breaks++;
        var later = left[0].Later(video, frame, skip);
        left.RemoveAt(0);
        if (later is not null)
            left.Insert(0, later);
    }

    private async ValueTask EndAsync()
    {
        if (frames is null)
            return;
        await frames.DisposeAsync().ConfigureAwait(false);
        earlierMessage = LastMessage;
        frames = null;
    }
}
