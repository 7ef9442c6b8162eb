using System.Globalization;
using System.Text;

namespace HieraVid.Video;

/// <summary>
/// FFmpeg's select expression for a set of frames, named by their timestamps. It is a balanced tree of comparisons, so
/// a
/// frame costs 12 steps for an hour at one frame per second, where a plain sum of conditions costs 3600.
/// Timestamps and not frame numbers: when the decoder drops a damaged frame, the numbers of all later ones shift.
/// </summary>
internal static class SelectExpression
{
    /// <summary>Builds the expression.</summary>
    /// <param name="frames">Wanted frames, ascending, without repetition, at least one.</param>
    /// <param name="ticks">Timestamp of every frame of the video, ascending.</param>
    public static string Build(ReadOnlySpan<int> frames, ReadOnlySpan<long> ticks)
    {
        var ranges = new List<(long From, long To)>();
        for (int i = 0, j; i < frames.Length; i = j)
        {
            for (j = i + 1; j < frames.Length && frames[j] == frames[j - 1] + 1;)
                j++;
            ranges.Add((ticks[frames[i]], ticks[frames[j - 1]]));
        }

        var text = new StringBuilder();
        Append(text, ranges, 0, ranges.Count);
        return text.ToString();
    }

    private static void Append(StringBuilder text, List<(long From, long To)> ranges, int low, int high)
    {
        if (high - low == 1)
        {
            var (from, to) = ranges[low];
            if (from == to)
                text.Append(CultureInfo.InvariantCulture, $"eq(pts,{from})");
            else
                text.Append(CultureInfo.InvariantCulture, $"between(pts,{from},{to})");
            return;
        }

        int middle = (low + high) / 2;
        text.Append(CultureInfo.InvariantCulture, $"if(lt(pts,{ranges[middle].From}),");
        Append(text, ranges, low, middle);
        text.Append(',');
        Append(text, ranges, middle, high);
        text.Append(')');
    }
}
