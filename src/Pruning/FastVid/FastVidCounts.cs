namespace HieraVid.Pruning;

/// <summary>How many tokens of each frame of a segment are salient, and how many anchors (specification, B3 and B7).</summary>
/// <param name="Salient">[f].</param>
/// <param name="Anchors">[f]; 0 where a frame carries none.</param>
/// <param name="OwnMembers">Whether anchors gather tokens of their own frame alone.</param>
public sealed record FastVidCounts(int[] Salient, int[] Anchors, bool OwnMembers)
{
    /// <summary>K, the tokens kept per frame: int(N·R), the product in float64.</summary>
    public static int PerFrame(int positions, double retention) => (int)(positions * retention);

    /// <summary>The counts of a segment.</summary>
    /// <param name="frames">f.</param>
    /// <param name="positions">N.</param>
    /// <param name="retention">R, the share of tokens to keep.</param>
    /// <param name="options">d, p and the variant.</param>
    public static FastVidCounts Of(int frames, int positions, double retention, FastVidOptions options)
    {
        var keep = PerFrame(positions, retention);
        return options.Variant == FastVidVariant.OneVision
            ? OneVision(frames, positions, keep, options)
            : LlavaVideo(frames, positions, keep, options);
    }

    // Whether a frame carries anchors: every p-th, counted from the last.
    private static bool Carries(int frame, int frames, int every) => (frames - 1 - frame) % every == 0;

    private static FastVidCounts OneVision(int frames, int positions, int keep, FastVidOptions options)
    {
        var context = (int)(keep * options.Context);
        var salient = keep - context;
        var carriers = (frames + options.AnchorEvery - 1) / options.AnchorEvery;
        var each = context * frames / carriers;
        return new FastVidCounts(
            [.. Enumerable.Repeat(salient, frames)],
            [.. Enumerable.Range(0, frames).Select(f =>
                Carries(f, frames, options.AnchorEvery) ? Math.Min(each, positions - salient) : 0)],
            // Quirk of the code, kept: a segment whose frames carry just their own share merges frame by frame.
            each == context);
    }

    private static FastVidCounts LlavaVideo(int frames, int positions, int keep, FastVidOptions options)
    {
        var context = (int)(keep * frames * options.Context);
        var rest = keep * frames - context;
        var salient = Rows.Range(frames).Select(f => rest / frames + (f < rest % frames ? 1 : 0)).ToArray();
        var carriers = (frames + options.AnchorEvery - 1) / options.AnchorEvery;
        var anchors = new int[frames];
        for (var (f, given) = (frames - 1, 0); f >= 0; f -= options.AnchorEvery, given++)
            anchors[f] = Math.Min(context / carriers + (given < context % carriers ? 1 : 0), positions - salient[f]);
        return new FastVidCounts(salient, anchors, OwnMembers: false);
    }
}
