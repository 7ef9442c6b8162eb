using static TorchSharp.torch;

namespace HieraVid.Models.Vision;

/// <summary>How much attention each patch of a frame receives: what several pruning methods rank patches by.</summary>
internal static class ReceivedAttention
{
    private const long QueryBlock = 128;

    /// <summary>Mean over heads and queries of softmax(q·kᵀ/√d).</summary>
    /// <param name="queries">[F, patches, heads, d].</param>
    /// <param name="keys">[F, patches, heads, d].</param>
    /// <returns>[F, patches] in float32.</returns>
    internal static Tensor Of(Tensor queries, Tensor keys)
    {
        using var scope = NewDisposeScope();
        var (frames, patches, heads, size) = (queries.shape[0], queries.shape[1], queries.shape[2], queries.shape[3]);
        static Tensor Heads(Tensor values, long frame) => values.select(0, frame).transpose(0, 1).to(float32);
        var rows = new List<Tensor>();
        for (long f = 0; f < frames; f++)
        {
            using var inner = NewDisposeScope();
            var (query, key) = (Heads(queries, f), Heads(keys, f).transpose(1, 2));
            var sum = zeros([patches], float32, queries.device);
            // Block by block: the whole matrix of all heads is 34 MB per frame with so400m.
            for (long start = 0; start < patches; start += QueryBlock)
            {
                using var block = NewDisposeScope();
                var scores = query.narrow(1, start, Math.Min(QueryBlock, patches - start)).bmm(key) * Math.Pow(size, -0.5);
                sum.add_(scores.softmax(-1).sum([0, 1]));
            }
            rows.Add((sum / (double)(heads * patches)).MoveToOuterDisposeScope());
        }
        return stack(rows, 0).MoveToOuterDisposeScope();
    }
}
