using static TorchSharp.torch;

namespace HieraVid.Torch;

/// <summary>Attention in an "A shape": a query sees the first keys and those just before it.</summary>
public static class WindowedAttention
{
    private const long BlockRows = 256;

    /// <summary>softmax(q·kᵀ·scale)·v over the keys that each query sees; the others are never multiplied but at borders.</summary>
    /// <param name="q">[B, heads, T, d].</param>
    /// <param name="k">[B, kvHeads, T, d]: queries and keys are the same positions.</param>
    /// <param name="v">[B, kvHeads, T, d].</param>
    /// <param name="initial">Keys at the beginning that every later query sees.</param>
    /// <param name="local">Keys that a query sees up to and with itself, at least 1.</param>
    /// <param name="scale">Usually d^−0.5.</param>
    /// <returns>
    /// [B, heads, T, d] in q's type; in memory the heads of a token follow each other. The softmax runs in float32.
    /// </returns>
    public static Tensor Forward(Tensor q, Tensor k, Tensor v, long initial, long local, double scale)
    {
        using var scope = NewDisposeScope();
        var (batch, heads, count, d) = (q.shape[0], q.shape[1], q.shape[2], q.shape[3]);
        var kvHeads = k.shape[1];
        var group = heads / kvHeads;
        var output = empty([batch, count, heads, d], q.dtype, q.device);
        var byHead = output.transpose(1, 2);
        var grouped = q.reshape(batch * kvHeads, group, count, d);
        var (keys, values) = (k.reshape(batch * kvHeads, count, d), v.reshape(batch * kvHeads, count, d));
        for (long start = 0; start < count; start += BlockRows)
        {
            using var inner = NewDisposeScope();
            var rows = Math.Min(BlockRows, count - start);
            // The keys of a block: the first ones, then those that its first query sees up to its last query.
            var from = Math.Max(0, start - local + 1);
            var first = Math.Min(initial, from);
            var width = first + start + rows - from;
            Tensor Seen(Tensor x) => cat([x.narrow(1, 0, first), x.narrow(1, from, start + rows - from)], 1);
            var scores = grouped.narrow(2, start, rows).reshape(batch * kvHeads, group * rows, d)
                .bmm(Seen(keys).transpose(1, 2)).to(float32) * scale;
            var masked = scores.view(batch * kvHeads, group, rows, width)
                + Hidden(start, rows, from, first, width, initial, local).to(q.device);
            var mixed = masked.softmax(-1).to(q.dtype).view(batch * kvHeads, group * rows, width).bmm(Seen(values));
            byHead.narrow(2, start, rows).copy_(mixed.view(batch, heads, rows, d));
        }
        return byHead.MoveToOuterDisposeScope();
    }

    // −∞ where a query does not see a key, [rows, width].
    private static Tensor Hidden(long start, long rows, long from, long first, long width, long initial, long local)
    {
        var mask = new float[rows * width];
        for (long row = 0; row < rows; row++)
        {
            for (long column = 0; column < width; column++)
            {
                var key = column < first ? column : from + column - first;
                var distance = start + row - key;
                if (distance < 0 || (distance >= local && key >= initial))
                    mask[row * width + column] = float.NegativeInfinity;
            }
        }
        return TensorData.From<float>(mask, rows, width);
    }
}
