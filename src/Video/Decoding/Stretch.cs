namespace HieraVid.Video;

/// <summary>Wanted frames that are decoded in one go, and where the decoder begins for them.</summary>
/// <param name="Anchor">The key frame at which decoding begins, or <see cref="FromStart"/>.</param>
/// <param name="Frames">The wanted frames, ascending, without repetition, none before the anchor.</param>
/// <param name="Origin">What decided the anchor.</param>
internal sealed record Stretch(int Anchor, ArraySegment<int> Frames, StretchOrigin Origin = StretchOrigin.Planned)
{
    /// <summary>The file is read from its beginning, without a seek.</summary>
    public const int FromStart = -1;

    // What a seek costs, in pixels of decoded video. Measured with FFmpeg 5.1 and H.264 on an hour of 768x432: one more input
    // of a process takes 19 ms of CPU time, in which 35 frames (12 million pixels) are decoded.
    private const long SeekPixels = 12_000_000;

    /// <summary>Cuts a list of frames where seeking to the next one is cheaper than decoding what lies between.</summary>
    /// <param name="video">The video; its key frames tell where decoding can begin.</param>
    /// <param name="frames">Wanted frames, ascending, without repetition.</param>
    /// <param name="seekPixels">What a seek costs.</param>
    public static IReadOnlyList<Stretch> Split(VideoInfo video, int[] frames, long seekPixels = SeekPixels)
    {
        if (!video.CanSeek)
            return [new(FromStart, frames)];
        var stretches = new List<Stretch>();
        long worthFrames = seekPixels / ((long)video.Width * video.Height);
        int anchor = FromStart, begin = 0, position = 0;
        for (int i = 0; i < frames.Length; i++)
        {
            int key = KeyAt(video, frames[i]) is >= 0 and var at ? video.KeyFrames[at] : 0;
            if (key - position > worthFrames)
            {
                if (i > begin)
                    stretches.Add(new(anchor, new(frames, begin, i - begin)));
                (anchor, begin) = (key, i);
            }

            position = frames[i];
        }

        stretches.Add(new(anchor, new(frames, begin, frames.Length - begin)));
        return stretches;
    }

    /// <summary>
    /// Cuts stretches, so that several decoders can take turns with them, at key frames: nothing is decoded twice, and the seeks
    /// cost some 5 % of the decoding between them. A stretch whose pieces would have more frames than can be kept stays whole.
    /// </summary>
    /// <param name="video">The video.</param>
    /// <param name="stretches">Of its wanted frames.</param>
    /// <param name="mostFrames">The most frames of a piece.</param>
    /// <param name="seekPixels">What a seek costs.</param>
    public static IReadOnlyList<Stretch> Cut(VideoInfo video, IReadOnlyList<Stretch> stretches, int mostFrames,
        long seekPixels = SeekPixels)
    {
        const int SeeksPerPiece = 20;
        if (!video.CanSeek)
            return stretches;
        long worthFrames = SeeksPerPiece * seekPixels / ((long)video.Width * video.Height);
        var pieces = stretches.Select(s => s.Pieces(video, worthFrames).ToList()).ToList();
        return [.. stretches.Zip(pieces).SelectMany(s => s.Second.All(p => p.Frames.Count <= mostFrames) ? s.Second : [s.First])];
    }

    private IEnumerable<Stretch> Pieces(VideoInfo video, long worthFrames)
    {
        var (anchor, begin) = (Anchor, 0);
        for (int i = 1; i < Frames.Count; i++)
        {
            int key = KeyAt(video, Frames[i]) is >= 0 and var at ? video.KeyFrames[at] : 0;
            if (key <= Frames[i - 1] || key - anchor <= worthFrames)
                continue;
            yield return new(anchor, Frames[begin..i]);
            (anchor, begin) = (key, i);
        }

        yield return new(anchor, Frames[begin..]);
    }

    /// <summary>The same frames, decoded from one key frame earlier.</summary>
    public Stretch Earlier(VideoInfo video)
    {
        int key = KeyAt(video, Anchor) - 1;
        return this with { Anchor = key < 1 ? FromStart : video.KeyFrames[key], Origin = StretchOrigin.Earlier };
    }

    /// <summary>What is left from the first key frame after the anchor that may help a frame, or null if nothing is.</summary>
    /// <param name="video">The video.</param>
    /// <param name="frame">The frame before which decoding broke off.</param>
    /// <param name="skip">Key frames to leave out.</param>
    public Stretch? Later(VideoInfo video, int frame, int skip)
    {
        int key = KeyAt(video, frame);
        if (key < 0 || video.KeyFrames[key] <= Anchor)
            key++;
        if (key + skip >= video.KeyFrames.Length)
            return null;
        int anchor = video.KeyFrames[key + skip];
        int first = Frames.AsSpan().BinarySearch(Math.Max(anchor, frame));
        first = first < 0 ? ~first : first;
        return first < Frames.Count ? new(anchor, Frames[first..], StretchOrigin.Later) : null;
    }

    // Which key frame a frame is decoded from: the last one not after it; -1 where that one is hidden by an edit list.
    private static int KeyAt(VideoInfo video, int frame)
    {
        int at = Array.BinarySearch(video.KeyFrames, frame);
        return at < 0 ? ~at - 1 : at;
    }
}

/// <summary>Why a stretch begins where it does.</summary>
internal enum StretchOrigin
{
    /// <summary>It saves decoding.</summary>
    Planned,

    /// <summary>Decoding could not be seen to begin at the planned place.</summary>
    Earlier,

    /// <summary>Decoding broke off before.</summary>
    Later,
}
