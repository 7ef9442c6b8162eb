using HieraVid.Pipeline;
using HieraVid.Pruning;
using HieraVid.Video;

namespace HieraVid.Client.Reporting;

/// <summary>
/// The frames that the page shows with their pictures and tokens. Of an hour it cannot show all: nobody would look at
/// 3,600 pictures, and the file would be of a size that no mail takes.
/// </summary>
internal static class ShownFrames
{
    /// <summary>
    /// All frames where there are few. Else one of each segment that is long enough, at most half of the places; one of
    /// each of so many equal stretches, a quarter; and the middles of the longest gaps between them. Of a segment or a
    /// stretch it is the frame that kept most tokens.
    /// </summary>
    /// <param name="report">What pruning did.</param>
    /// <param name="most">The most frames.</param>
    /// <returns>Ascending.</returns>
    internal static int[] Of(PruningReport report, int most = FrameThumbnails.Most)
    {
        var frames = report.Frames;
        if (frames <= most)
            return [.. Enumerable.Range(0, frames)];
        var kept = new int[frames];
        for (var token = 0; token < report.LeftAt.Count; token++)
            kept[token / report.Positions] += report.LeftAt[token] < 0 ? 1 : 0;
        var segments = report.Segments.Select(segment => new FrameRange(segment.FirstFrame, segment.LastFrame - segment.FirstFrame + 1))
            .Where(segment => segment.Count >= frames / (most / 2.0));
        var stretches = Enumerable.Range(0, most / 4)
            .Select(i => (From: (int)((long)i * frames / (most / 4)), To: (int)((long)(i + 1) * frames / (most / 4))))
            .Select(stretch => new FrameRange(stretch.From, stretch.To - stretch.From));
        var shown = new SortedSet<int>(segments.Concat(stretches)
            .Select(range => Enumerable.Range(range.First, range.Count).MaxBy(frame => kept[frame])));
        while (shown.Count < most)
            shown.Add(MiddleOfLongestGap(shown, frames));
        return [.. shown];
    }

    // The ends of the video count as shown, so that they are not left out again and again.
    private static int MiddleOfLongestGap(SortedSet<int> shown, int frames)
    {
        int[] edges = [-1, .. shown, frames];
        var after = Enumerable.Range(1, edges.Length - 1).MaxBy(i => edges[i] - edges[i - 1]);
        return (edges[after - 1] + edges[after]) / 2;
    }
}
