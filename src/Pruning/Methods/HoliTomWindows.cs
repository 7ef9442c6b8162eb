namespace HieraVid.Pruning;

/// <summary>How HoliTom cuts a video: so that as many tokens as possible can be averaged over time.</summary>
/// <param name="Windows">In order, covering the video.</param>
/// <param name="Reduced">Tokens that averaging saves.</param>
public sealed record HoliTomWindows(FrameRange[] Windows, int Reduced)
{
    /// <summary>Finds the best cutting by dynamic programming.</summary>
    /// <param name="still">Whether a token is like the next frame's at its position, [(F−1)·N].</param>
    /// <param name="frames">F.</param>
    /// <param name="positions">N.</param>
    /// <param name="longest">Most frames in a window.</param>
    public static HoliTomWindows Of(ReadOnlySpan<bool> still, int frames, int positions, int longest)
    {
        // best[i]: most tokens saved among the first i frames; length[i]: of the window that ends there.
        var (best, length) = (new long[frames + 1], new int[frames + 1]);
        var run = new int[positions];
        for (var end = 1; end <= frames; end++)
        {
            var reaching = end == 1 ? new int[end + 1] : Reaching(still.Slice((end - 2) * positions, positions), run, end);
            (best[end], length[end]) = (best[end - 1], 1);
            for (var size = 2; size <= Math.Min(longest, end); size++)
            {
                var saved = best[end - size] + (long)reaching[size] * (size - 1);
                if (saved > best[end])
                    (best[end], length[end]) = (saved, size);
            }
        }
        var windows = new List<FrameRange>();
        for (var end = frames; end > 0; end -= length[end])
            windows.Add(new FrameRange(end - length[end], length[end]));
        windows.Reverse();
        return new HoliTomWindows([.. windows], (int)best[frames]);
    }

    // reaching[size]: positions that stand still over the last size frames. run is kept up to date from end to end.
    private static int[] Reaching(ReadOnlySpan<bool> still, int[] run, int end)
    {
        var reaching = new int[end + 1];
        for (var p = 0; p < run.Length; p++)
        {
            run[p] = still[p] ? run[p] + 1 : 0;
            reaching[Math.Min(run[p] + 1, end)]++;
        }
        for (var size = end - 1; size >= 0; size--)
            reaching[size] += reaching[size + 1];
        return reaching;
    }
}
