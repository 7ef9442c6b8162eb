using static TorchSharp.torch;

namespace HieraVid.Torch.Tests;

public class AttentionTests
{
    public static TheoryData<int, int, int, int, int, bool> Shapes => new()
    {
        // heads, kvHeads, queries, keys, d, causal
        { 4, 4, 17, 17, 8, false },
        { 4, 4, 17, 17, 8, true },
        { 14, 2, 70, 70, 64, true },
        { 6, 2, 5, 33, 24, true },
        { 6, 2, 1, 33, 24, true },
        { 2, 1, 9, 40, 72, false },
        { 1, 1, 1, 1, 2, true },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Equals_the_full_matrix(int heads, int kvHeads, int queries, int keys, int d, bool causal)
    {
        foreach (var type in new[] { ScalarType.Float32, ScalarType.BFloat16 })
        {
            using var scope = NewDisposeScope();
            var (q, k, v) = Operands(2, heads, kvHeads, queries, keys, d, type);
            var scale = Math.Pow(d, -0.5);
            var error = Close.Error(Attention.Forward(q, k, v, causal, scale), Full(q, k, v, causal, scale));
            Assert.True(error < 2 * Close.Tolerance(type), $"{type}: {error}");
        }
    }

    [Fact]
    public void Several_blocks_of_queries_change_nothing_but_rounding()
    {
        // 16 heads x 3000 keys: blocks of 131 queries, the last one shorter.
        using var scope = NewDisposeScope();
        var (q, k, v) = Operands(1, 16, 4, 300, 3000, 16, ScalarType.Float32);
        foreach (var causal in new[] { false, true })
            Assert.True(Close.Error(Attention.Forward(q, k, v, causal, 0.25), Full(q, k, v, causal, 0.25)) < 4e-6);
        // The same queries one at a time are blocks of one.
        var whole = Attention.Forward(q, k, v, true, 0.25);
        var last = Attention.Forward(q.narrow(2, 299, 1), k, v, true, 0.25);
        Assert.True(Close.Error(whole.narrow(2, 299, 1), last) < 4e-6);
    }

    [Fact]
    public void Large_scores_do_not_overflow()
    {
        using var scope = NewDisposeScope();
        var (q, k, v) = Operands(1, 2, 2, 8, 8, 16, ScalarType.Float32);
        var result = Attention.Forward(q * 1000, k * 1000, v, true, 1);
        Assert.True(Close.Error(result, Full(q * 1000, k * 1000, v, true, 1)) < 1e-4);
    }

    [Fact]
    public void The_row_of_the_last_query_sums_to_one_and_weighs_the_values()
    {
        using var scope = NewDisposeScope();
        var (q, k, v) = Operands(1, 6, 2, 1, 20, 8, ScalarType.Float32);
        var row = Attention.Row(q.select(0, 0).select(1, 0), k.select(0, 0), 0.3);
        Assert.All(row.sum([1L]).ToArray<float>(), sum => Assert.Equal(1, sum, 1e-5));
        var mixed = row.reshape(2, 3, 20).bmm(v.select(0, 0)).reshape(6, 8);
        Assert.True(Close.Error(mixed, Attention.Forward(q, k, v, true, 0.3).reshape(6, 8)) < 2e-6);
    }

    private static (Tensor Q, Tensor K, Tensor V) Operands(
        int batch, int heads, int kvHeads, int queries, int keys, int d, ScalarType type)
    {
        manual_seed(heads * 1000 + queries * 10 + keys);
        // Queries come from the model as a transposed view.
        return (randn([batch, queries, heads, d]).to(type).transpose(1, 2), randn([batch, kvHeads, keys, d]).to(type),
            randn([batch, kvHeads, keys, d]).to(type));
    }

    // The textbook in float32, query by query where a mask is needed.
    private static Tensor Full(Tensor q, Tensor k, Tensor v, bool causal, double scale)
    {
        using var scope = NewDisposeScope();
        var (heads, kvHeads, queries, keys) = (q.shape[1], k.shape[1], q.shape[2], k.shape[2]);
        var rows = new List<Tensor>();
        for (long b = 0; b < q.shape[0]; b++)
        {
            var perHead = new List<Tensor>();
            for (long h = 0; h < heads; h++)
            {
                var kv = h / (heads / kvHeads);
                var (keysOf, valuesOf) = (k.select(0, b).select(0, kv).to(float32), v.select(0, b).select(0, kv).to(float32));
                var scores = q.select(0, b).select(0, h).to(float32).mm(keysOf.transpose(0, 1)) * scale;
                if (causal)
                    scores = scores + full([queries, keys], double.NegativeInfinity).triu(keys - queries + 1);
                perHead.Add(scores.softmax(-1).mm(valuesOf));
            }
            rows.Add(stack(perHead, 0));
        }
        return stack(rows, 0).to(q.dtype).MoveToOuterDisposeScope();
    }
}
