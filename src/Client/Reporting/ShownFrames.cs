using HieraVid.Pipeline;
using HieraVid.Video;

namespace HieraVid.Client.Reporting;

/// <summary>
/// The frames that the page shows with their pictures and tokens. Of an hour it cannot show all: nobody would look at
/// 3,600 pictures, and the file would be of a size that no mail takes.
/// </summary>
internal static class ShownFrames
{
    /// <summary>
    /// All frames where there are few. Else one of each segment, the longest segments first, up to half of the places;
    /// then those that kept most tokens, up to three quarters; then the middles of the longest gaps between them.
    /// </summary>
    /// <param name="report">What pruning did.</param>
    /// <param name="most">The most frames.</param>
    /// <returns>Ascending.</returns>
    internal static int[] Of(PruningReport report, int most = FrameThumbnails.Most)
    {
        if (report.Frames <= most)
            return [.. Enumerable.Range(0, report.Frames)];
        var kept = new int[report.Frames];
        for (var token = 0; token < report.LeftAt.Count; token++)
            kept[token / report.Positions] += report.LeftAt[token] < 0 ? 1 : 0;
        var shown = new SortedSet<int>(report.Segments
            .OrderByDescending(segment => segment.LastFrame - segment.FirstFrame).Take(most / 2)
            .Select(segment => Enumerable.Range(segment.FirstFrame, segment.LastFrame - segment.FirstFrame + 1).MaxBy(f => kept[f])));
        var average = kept.Average();
        foreach (var frame in Enumerable.Range(0, report.Frames).Where(f => kept[f] > average).OrderByDescending(f => kept[f]))
        {
            if (shown.Count >= most * 3 / 4)
                break;
            shown.Add(frame);
        }
        while (shown.Count < most)
            shown.Add(MiddleOfLongestGap(shown, report.Frames));
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
