using System.Runtime.CompilerServices;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>The anchors of one frame of a segment.</summary>
/// <param name="Frame">The frame within the segment.</param>
/// <param name="Positions">Its anchors, in the order in which ties between them are decided.</param>
/// <param name="FirstRow">Where they begin among all anchors of the segment.</param>
public sealed record AnchorFrame(int Frame, int[] Positions, int FirstRow);

/// <summary>
/// What FastVID makes of one segment: salient tokens stay (ATS), the others fold into anchors (DTM, Eq. 5; specification,
/// B4-B7).
/// </summary>
/// <param name="Salient">Salient positions of each frame, ascending, [f][].</param>
/// <param name="Anchors">The frames with anchors, in order.</param>
/// <param name="Values">The anchors' new values in the order of <paramref name="Anchors"/>, [anchors, D] in float32.</param>
/// <param name="Sizes">Tokens averaged into each anchor, itself included, [anchors].</param>
/// <param name="Assigned">
/// For each anchor frame the anchor, as an index into its positions, of every token of the segment, [anchor frames][f·N];
/// −1 for a token that is no member.
/// </param>
public sealed record SegmentMerge(
    int[][] Salient, IReadOnlyList<AnchorFrame> Anchors, Tensor Values, int[] Sizes, int[][] Assigned)
{
    /// <summary>Prunes a segment.</summary>
    /// <param name="tokens">[f, N, D].</param>
    /// <param name="attention">[f·N].</param>
    /// <param name="counts">What to keep.</param>
    /// <param name="options">k, β and the variant.</param>
    /// <returns>Its tensor is owned by the caller's dispose scope.</returns>
    public static SegmentMerge Of(Tensor tokens, float[] attention, FastVidCounts counts, FastVidOptions options)
    {
        using var scope = NewDisposeScope();
        var (frames, positions) = ((int)tokens.shape[0], (int)tokens.shape[1]);
        var salient = Rows.Range(frames)
            .Select(f => Ranking.Top(attention.AsSpan(f * positions, positions), counts.Salient[f]).Order().ToArray())
            .ToArray();
        var anchors = new List<AnchorFrame>();
        var rows = new List<Tensor>();
        var total = 0;
        for (var f = 0; f < frames; f++)
        {
            if (counts.Anchors[f] == 0)
                continue;
            var frame = Rows.Frame(tokens, f);
            var chosen = Choose(frame, salient[f], counts.Anchors[f], options);
            anchors.Add(new AnchorFrame(f, chosen, total));
            rows.Add(Rows.Take(frame, chosen));
            total += chosen.Length;
        }
        if (total == 0)
            return new SegmentMerge(salient, [], empty([0, tokens.shape[2]], float32).MoveToOuterDisposeScope(), [], []);
        var own = cat(rows, 0);
        var (assigned, sums) = Assign(tokens, own, salient, anchors, counts.OwnMembers, options.Variant);
        var merged = Aggregate(own, sums, options.Beta).MoveToOuterDisposeScope();
        // In the OneVision form an anchor is one of its own members.
        var itself = options.Variant == FastVidVariant.OneVision ? 0 : 1;
        return new SegmentMerge(salient, anchors, merged, [.. sums.Counts.Select(n => Math.Max(1, n + itself))], assigned);
    }

    /// <summary>A frame's candidates: what is not salient, ascending.</summary>
    public static int[] Candidates(int[] salient, int positions) => Rows.Others(salient, positions);

    private static int[] Choose(Tensor frame, int[] salient, int count, FastVidOptions options)
    {
        var candidates = Candidates(salient, (int)frame.shape[0]);
        var top = Ranking.Top(Density.Of(frame, candidates, options.Neighbours).Score, count);
        if (options.Variant == FastVidVariant.LlavaVideo)
            Array.Sort(top);
        return [.. top.Select(row => candidates[row])];
    }

    private static (int[][] Assigned, GroupSums Sums) Assign(
        Tensor tokens, Tensor own, int[][] salient, List<AnchorFrame> anchors, bool ownMembers, FastVidVariant variant)
    {
        var (frames, positions) = ((int)tokens.shape[0], (int)tokens.shape[1]);
        var assigned = anchors.Select(_ => new int[frames * positions]).ToArray();
        Array.ForEach(assigned, row => Array.Fill(row, -1));
        var flat = tokens.reshape((long)frames * positions, tokens.shape[2]);
        // Dividing a member by its norm would not change which anchor is nearest.
        var norms = Norms(own);
        for (var f = 0; f < frames; f++)
        {
            int[] members = [.. Candidates(salient[f], positions).Select(p => f * positions + p)];
            var products = RowProducts.Of(flat, members, own);
            for (var a = 0; a < anchors.Count; a++)
            {
                var isOwn = anchors[a].Frame == f;
                if (ownMembers && !isOwn)
                    continue;
                Nearest(products, members, norms, anchors[a], assigned[a]);
                if (variant == FastVidVariant.LlavaVideo && isOwn)
                    Array.ForEach(anchors[a].Positions, position => assigned[a][f * positions + position] = -1);
            }
        }
        var sums = new GroupSums((int)own.shape[0], (int)own.shape[1]);
        for (var a = 0; a < anchors.Count; a++)
            sums.Add(flat, [.. assigned[a].Select(nearest => nearest < 0 ? -1 : nearest + anchors[a].FirstRow)]);
        return (assigned, sums);
    }

    // The frame's anchor of the greatest cosine for each member, the first of equals.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Nearest(float[] products, int[] members, float[] norms, AnchorFrame frame, int[] assigned)
    {
        for (var i = 0; i < members.Length; i++)
        {
            var (best, greatest) = (-1, float.NegativeInfinity);
            var row = i * norms.Length + frame.FirstRow;
            for (var anchor = 0; anchor < frame.Positions.Length; anchor++)
            {
                var cosine = products[row + anchor] / norms[frame.FirstRow + anchor];
                if (cosine > greatest || (best < 0 && !float.IsNaN(cosine)))
                    (best, greatest) = (anchor, cosine);
            }
            assigned[members[i]] = best;
        }
    }

    private static float[] Norms(Tensor rows)
    {
        using var scope = NewDisposeScope();
        var wide = rows.to(float32);
        return (wide * wide).sum([-1]).sqrt().ToArray<float>();
    }

    // a* = w·a + (1−w)·mean of the members, w = max(1/(n+1), β).
    private static Tensor Aggregate(Tensor own, GroupSums sums, double beta)
    {
        using var scope = NewDisposeScope();
        var weights = new float[sums.Counts.Length];
        for (var a = 0; a < weights.Length; a++)
            weights[a] = sums.Counts[a] == 0 ? 1 : (float)Math.Max(1.0 / (sums.Counts[a] + 1), beta);
        return sums.Blend(own, weights).to(own.device).MoveToOuterDisposeScope();
    }
}
