namespace HieraVid.Pruning;

/// <summary>
/// DyCoke's temporal part: of four frames one stays whole, and of each other one the tokens least like those of the frame
/// it is compared with (baselines, section 7).
/// </summary>
/// <param name="share">r; at least a quarter.</param>
/// <param name="lastGroup">Whether the last group is treated like the others; the released code does not.</param>
public sealed class DyCoke(double share, bool lastGroup) : InputMethod(share)
{
    private const int GroupFrames = 4;

    /// <inheritdoc/>
    public override string Name => "dycoke";

    internal static PruningMethod Create(double share, MethodSettings settings, ModelTraits model) => share >= 0.25
        ? new DyCoke(share, settings.Flag("lastGroup", true))
        : throw PruningException.BudgetTooSmall("dycoke", share, 0.25, "it keeps one frame of four whole");

    /// <inheritdoc/>
    protected override IReadOnlyList<FrameRange> PiecesOf(VideoShape video) =>
    [
        .. Enumerable.Range(0, (video.Frames + GroupFrames - 1) / GroupFrames).Select(group =>
            new FrameRange(group * GroupFrames, Math.Min(GroupFrames, video.Frames - group * GroupFrames))),
    ];

    /// <inheritdoc/>
    public override PrunedChunk Apply(TokenChunk piece, PruningPlan plan)
    {
        plan.Require(piece);
        return PrunedChunk.Subset(piece, Kept(piece, plan.Shape.Frames, (1 - Share) / 0.75, lastGroup));
    }

    /// <summary>The rows of a group that stay: whole frames by position, others least similar first.</summary>
    /// <param name="group">Four frames, or the rest of the video.</param>
    /// <param name="frames">F, of the whole video.</param>
    /// <param name="dropped">k, the share that pruned frames lose.</param>
    /// <param name="lastGroup">
    /// False reproduces the released code: the last group's third frame stays whole, and the last of an odd number of
    /// frames is lost.
    /// </param>
    public static int[] Kept(TokenChunk group, int frames, double dropped, bool lastGroup)
    {
        var positions = group.Positions;
        var keep = (int)((1 - dropped) * positions);
        var rows = new List<int>();
        for (var f = 0; f < group.FrameCount; f++)
        {
            var isOddLast = frames % 2 == 1 && group.FirstFrame + f == frames - 1;
            if (isOddLast && !lastGroup && frames > 1)
                continue;
            var isWhole = f == 0 || isOddLast || (f == 2 && !lastGroup && group.FirstFrame >= frames - GroupFrames);
            var similarity = isWhole
                ? new float[positions]
                : SimilarityMap.Between(Rows.Frame(group.Tokens, f), Rows.Frame(group.Tokens, f == 2 ? 0 : f - 1));
            rows.AddRange(Ranking.Bottom(similarity, isWhole ? positions : keep).Select(p => f * positions + p));
        }
        return [.. rows];
    }
}
