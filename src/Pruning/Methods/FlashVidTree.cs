using System.Runtime.InteropServices;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Pruning;

/// <summary>
/// FlashVID's tree merge: tokens fold into the most similar token of the frame before, from the last frame to the first
/// (baselines, section 11).
/// </summary>
/// <param name="Values">Every token's value after merging, [f·N, D] in float32 on the CPU.</param>
/// <param name="Remains">Whether a token is still there, [f·N].</param>
internal sealed record FlashVidTree(Tensor Values, bool[] Remains)
{
    /// <summary>Merges a segment.</summary>
    /// <param name="tokens">[f, N, D].</param>
    /// <param name="selected">Tokens that take no part, [f·N].</param>
    /// <param name="threshold">Least cosine, exclusive.</param>
    /// <param name="least">At least so many tokens remain, selected ones included.</param>
    /// <param name="trueMean">Whether a chain is divided by all its tokens; the released code counts children only.</param>
    internal static FlashVidTree Of(Tensor tokens, bool[] selected, double threshold, int least, bool trueMean)
    {
        using var scope = NewDisposeScope();
        var (frames, positions, width) = ((int)tokens.shape[0], (int)tokens.shape[1], (int)tokens.shape[2]);
        var (cosine, parent) = Parents(tokens, selected);
        var limit = Limit(cosine, (float)threshold, least);
        var values = new float[(long)frames * positions * width];
        for (var f = 0; f < frames; f++)
        {
            using var inner = NewDisposeScope();
            MemoryMarshal.Cast<byte, float>(Rows.Wide(Rows.Frame(tokens, f)).bytes).CopyTo(values.AsSpan(f * positions * width));
        }
        var count = new int[frames * positions];
        Array.Fill(count, 1);
        var remains = new bool[count.Length];
        for (var t = count.Length - 1; t >= 0; t--)
        {
            var own = values.AsSpan(t * width, width);
            remains[t] = !(cosine[t] > limit);
            if (remains[t])
            {
                foreach (ref var value in own)
                    value /= count[t];
                continue;
            }
            GroupSums.Add(own, values.AsSpan(parent[t] * width, width));
            count[parent[t]] += trueMean ? count[t] : 1;
        }
        return new FlashVidTree(TensorData.From<float>(values, count.Length, width).MoveToOuterDisposeScope(), remains);
    }

    // The greatest cosine with an unselected token of the frame before, and which one; −1 where there is none.
    private static (float[] Cosine, int[] Parent) Parents(Tensor tokens, bool[] selected)
    {
        var (frames, positions) = ((int)tokens.shape[0], (int)tokens.shape[1]);
        var (cosine, parent) = (new float[frames * positions], new int[frames * positions]);
        Array.Fill(cosine, -1);
        var free = Rows.Range(frames).Select(f => Rows.Range(positions).Where(p => !selected[f * positions + p]).ToArray()).ToArray();
        for (var f = 1; f < frames; f++)
        {
            if (free[f].Length == 0 || free[f - 1].Length == 0)
                continue;
            using var scope = NewDisposeScope();
            var own = Rows.Unit(Rows.Take(Rows.Frame(tokens, f), free[f]).to(float32));
            var before = Rows.Unit(Rows.Take(Rows.Frame(tokens, f - 1), free[f - 1]).to(float32));
            var cosines = own.mm(before.transpose(0, 1)).ToArray<float>();
            for (var i = 0; i < free[f].Length; i++)
            {
                var row = cosines.AsSpan(i * free[f - 1].Length, free[f - 1].Length);
                var best = Ranking.ArgMax(row);
                if (best < 0)
                    continue;
                var t = f * positions + free[f][i];
                (cosine[t], parent[t]) = (row[best], (f - 1) * positions + free[f - 1][best]);
            }
        }
        return (cosine, parent);
    }

    private static float Limit(float[] cosine, float threshold, int least)
    {
        if (cosine.Length - cosine.Count(value => value > threshold) >= least)
            return threshold;
        var sorted = cosine.OrderDescending().ToArray();
        return Math.Max(sorted[Math.Max(0, cosine.Length - least - 1)], -1 + 1e-6f);
    }
}
