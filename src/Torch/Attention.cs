using HieraVid.Torch.Rows;
using static TorchSharp.torch;

namespace HieraVid.Torch;

/// <summary>Scaled dot-product attention that never holds the whole [queries × keys] score matrix.</summary>
public static class Attention
{
    // Scores of one block: 6 Mi elements are 12 MB in bfloat16, which the last-level cache of a server core complex holds.
    // Products of twice the size write their scores at 340 instead of 400 GFLOP/s (14 heads, 6304 keys, 2 cores).
    private const long BlockElements = 6L << 20;
    private const long MinBlockRows = 16;

    /// <summary>
    /// softmax(q·kᵀ·scale)·v. Grouped queries: query head h reads key head h / (heads / kvHeads). With
    /// <paramref name="causal"/>, query i of T sees the keys 0..S−T+i: the queries are the last T of S positions.
    /// </summary>
    /// <param name="q">[B, heads, T, d].</param>
    /// <param name="k">[B, kvHeads, S, d].</param>
    /// <param name="v">[B, kvHeads, S, d].</param>
    /// <param name="causal">Whether later keys are hidden.</param>
    /// <param name="scale">Usually d^−0.5.</param>
    /// <returns>
    /// [B, heads, T, d] in q's type; in memory the heads of a token follow each other. The softmax runs in float32.
    /// </returns>
    public static Tensor Forward(Tensor q, Tensor k, Tensor v, bool causal, double scale)
    {
        using var scope = NewDisposeScope();
        var shape = q.shape;
        if (IsLibtorchs(q, k, causal))
            return Fused(q, k, v, causal && shape[2] > 1, scale).MoveToOuterDisposeScope();

        // Heads innermost but one: the caller's next step joins the heads of each token, which then needs no copy.
        var output = empty([shape[0], shape[2], shape[1], shape[3]], q.dtype, q.device);
        var byHead = output.transpose(1, 2);
        for (long b = 0; b < shape[0]; b++)
            ForwardOne(q.select(0, b), k.select(0, b), v.select(0, b), causal, scale, byHead.select(0, b));
        return byHead.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The attention row of one query: softmax(q·kᵀ·scale), averaged over nothing. Costs heads·S·d; no matrix.
    /// </summary>
    /// <param name="q">[heads, d], the one query.</param>
    /// <param name="k">[kvHeads, S, d].</param>
    /// <param name="scale">Usually d^−0.5.</param>
    /// <returns>[heads, S] in float32.</returns>
    public static Tensor Row(Tensor q, Tensor k, double scale)
    {
        using var scope = NewDisposeScope();
        var (heads, d) = (q.shape[0], q.shape[1]);
        var kvHeads = k.shape[0];
        var scores = q.to(float32).reshape(kvHeads, heads / kvHeads, d).bmm(k.to(float32).transpose(1, 2)) * scale;
        return scores.softmax(-1).reshape(heads, k.shape[1]).MoveToOuterDisposeScope();
    }

    /// <summary>The mean of the attention rows of the last queries, of which each sees the keys up to its own.</summary>
    /// <param name="q">[heads, n, d], the last n of S.</param>
    /// <param name="k">[kvHeads, S, d].</param>
    /// <param name="scale">Usually d^−0.5.</param>
    /// <returns>[heads, S] in float32.</returns>
    public static Tensor MeanRow(Tensor q, Tensor k, double scale)
    {
        var (queries, keys) = (q.shape[1], k.shape[1]);
        if (queries == 1)
            return Row(q.select(1, 0), k, scale);
        using var scope = NewDisposeScope();
        var sum = zeros([q.shape[0], keys], float32, q.device);
        for (var i = 0; i < queries; i++)
        {
            using var turn = NewDisposeScope();
            var seen = keys - queries + 1 + i;
            sum.narrow(1, 0, seen).add_(Row(q.select(1, i), k.narrow(1, 0, seen), scale));
        }
        return sum.mul_(1.0 / queries).MoveToOuterDisposeScope();
    }

    // One sequence: q and output [heads, T, d], k and v [kvHeads, S, d].
    private static void ForwardOne(Tensor q, Tensor k, Tensor v, bool causal, double scale, Tensor output)
    {
        using var outer = NewDisposeScope();
        var (heads, queries, d) = (q.shape[0], q.shape[1], q.shape[2]);
        var (kvHeads, keys) = (k.shape[0], k.shape[1]);
        var group = heads / kvHeads;
        var rows = Math.Min(queries, Math.Max(MinBlockRows, BlockElements / (heads * keys)));
        // The query heads of a group are rows of one product, so the shared keys are never repeated.
        var grouped = q.unsqueeze(0).view(kvHeads, group, queries, d);
        var target = output.unsqueeze(0).view(kvHeads, group, queries, d);
        var keysT = k.transpose(1, 2);
        for (long start = 0; start < queries; start += rows)
        {
            using var scope = NewDisposeScope();
            var n = Math.Min(rows, queries - start);
            var seen = causal ? keys - queries + start + n : keys;
            var scores = grouped.narrow(2, start, n).reshape(kvHeads, group * n, d).bmm(keysT.narrow(2, 0, seen));
            var shares = Softmax(scores, scale, n, causal);
            target.narrow(2, start, n).copy_(shares.bmm(v.narrow(1, 0, seen)).view(kvHeads, group, n, d));
        }
    }

    // scores [kvHeads, group·n, seen]: row r is query r mod n of the last n of the positions seen. May reuse their memory.
    private static Tensor Softmax(Tensor scores, double scale, long n, bool causal)
    {
        if (OnePass.Takes(scores))
        {
            OnePass.Softmax(scores, scale, n, causal);
            return scores;
        }
        using var scope = NewDisposeScope();
        scores.mul_(scale);
        if (causal && n > 1)
        {
            var (kvHeads, rows, seen) = (scores.shape[0], scores.shape[1], scores.shape[2]);
            var hidden = full([n, n], double.NegativeInfinity, scores.dtype, scores.device).triu(1);
            scores.view(kvHeads, rows / n, n, seen).narrow(3, seen - n, n).add_(hidden);
        }
        return scores.softmax(-1).MoveToOuterDisposeScope();
    }

    // libtorch's own knows causal rows only where queries and keys are the same positions, has no kernel for tensors without
    // values, and is the slower one on some processors.
    private static bool IsLibtorchs(Tensor q, Tensor k, bool causal) =>
        q.device_type != TorchSharp.DeviceType.META && (q.size(2) == k.size(2) || (!causal && q.size(2) > 1))
        && !(q.device_type == TorchSharp.DeviceType.CPU && q.dtype == ScalarType.BFloat16 && CpuFeatures.Here.IsAmdWithBFloat16);

    private static Tensor Fused(Tensor q, Tensor k, Tensor v, bool causal, double scale)
    {
        var group = q.shape[1] / k.shape[1];
        return Scaled(q, Repeat(k, group), Repeat(v, group), null, causal, scale);
    }

    /// <summary>libtorch's own attention, which never holds the score matrix either.</summary>
    /// <param name="q">[B, heads, T, d].</param>
    /// <param name="k">[B, heads, S, d].</param>
    /// <param name="v">[B, heads, S, d].</param>
    /// <param name="mask">Added to the scores, broadcast to [B, heads, T, S]; or null.</param>
    /// <param name="causal">Whether later keys are hidden; T = S only.</param>
    /// <param name="scale">Usually d^−0.5.</param>
    internal static Tensor Scaled(Tensor q, Tensor k, Tensor v, Tensor? mask, bool causal, double scale)
    {
        // It scales by d^-0.5 itself.
        var ratio = scale * Math.Sqrt(q.shape[3]);
        var scaled = Math.Abs(ratio - 1) < 1e-6 ? q : q * ratio;
        return nn.functional.scaled_dot_product_attention(scaled, k, v, mask, is_casual: causal);
    }

    // [B, kvHeads, S, d] -> [B, kvHeads·group, S, d], each head repeated in place.
    private static Tensor Repeat(Tensor x, long group)
    {
        if (group == 1)
            return x;
        var s = x.shape;
        return x.unsqueeze(2).expand(s[0], s[1], group, s[2], s[3]).reshape(s[0], s[1] * group, s[2], s[3]);
    }
}
