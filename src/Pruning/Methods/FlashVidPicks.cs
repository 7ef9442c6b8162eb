using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>FlashVID's selection of a frame's tokens (baselines, section 11).</summary>
internal static class FlashVidPicks
{
    // The released code scales the attention so that its products are not tiny.
    private const float Scale = 1e6f;

    /// <summary>The selected positions of every frame, ascending.</summary>
    /// <param name="tokens">[f, N, D], one segment.</param>
    /// <param name="score">[f·N].</param>
    /// <param name="count">A, at most N.</param>
    /// <param name="selection">How.</param>
    internal static int[][] Of(Tensor tokens, float[] score, int count, FlashVidSelection selection)
    {
        using var scope = NewDisposeScope();
        var (frames, positions) = ((int)tokens.shape[0], (int)tokens.shape[1]);
        // ⟨x, mean frame feature⟩ averaged over the frames is ⟨x, mean of the mean features⟩.
        var mean = selection != FlashVidSelection.AttnDivV2 ? null
            : stack([.. Rows.Range(frames).Select(f => Rows.Frame(tokens, f).to(float64).mean([0]))], 0).mean([0]);
        return
        [
            .. Rows.Range(frames).Select(f =>
            {
                using var inner = NewDisposeScope();
                var own = score.AsSpan(f * positions, positions).ToArray();
                if (selection == FlashVidSelection.Attn)
                    return [.. Ranking.Top(own, count).Order()];
                var frame = Rows.Frame(tokens, f);
                var weights = selection == FlashVidSelection.Div
                    ? Array.ConvertAll(own, _ => 1f) : Array.ConvertAll(own, value => value * Scale);
                if (mean is not null)
                {
                    var likeness = frame.to(float64).mv(mean).ToArray<float>();
                    weights = [.. weights.Zip(likeness, (weight, like) => weight * like)];
                }
                var units = Rows.Unit(frame.to(float32));
                return Farthest(units.mm(units.transpose(0, 1)).ToArray<float>(), weights, count);
            }),
        ];
    }

    // Farthest points by (1 − cosine)·weight of the column; each is picked once.
    private static int[] Farthest(float[] cosines, float[] weights, int count)
    {
        var n = weights.Length;
        float Distance(int i, int j) => i == j ? 0 : (1 - cosines[i * n + j]) * weights[j];
        var nearest = new float[n];
        for (var j = 0; j < n; j++)
            nearest[j] = Second(j);
        var picks = new List<int>(count);
        for (var pick = Ranking.ArgMax(nearest); picks.Count < count; pick = Ranking.ArgMax(nearest))
        {
            if (pick < 0)
                return [.. picks.Concat(Rows.Others(picks, n).Take(count - picks.Count)).Order()];
            if (picks.Count == 0)
                Array.ForEach(Rows.Range(n), j => nearest[j] = float.IsNaN(nearest[j]) ? float.NaN : float.PositiveInfinity);
            picks.Add(pick);
            for (var j = 0; j < n; j++)
                nearest[j] = Distance(pick, j) < nearest[j] ? Distance(pick, j) : nearest[j];
            foreach (var picked in picks)
                nearest[picked] = float.NaN;
        }
        return [.. picks.Order()];

        // The second smallest distance in a column; NaN where the token has no direction.
        float Second(int j)
        {
            if (float.IsNaN(cosines[j * n + j]))
                return float.NaN;
            var (least, second) = (float.PositiveInfinity, float.PositiveInfinity);
            for (var i = 0; i < n; i++)
            {
                var distance = Distance(i, j);
                if (distance < least)
                    (least, second) = (distance, least);
                else if (distance < second)
                    second = distance;
            }
            return second;
        }
    }
}
