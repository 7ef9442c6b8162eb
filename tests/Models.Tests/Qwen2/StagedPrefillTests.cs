using HieraVid.Models.Configuration;
using HieraVid.Models.Generation;
using HieraVid.Models.Qwen2;
using HieraVid.Models.Safetensors;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Models.Tests.Qwen2;

/// <summary>Tokens dropped inside the decoder, against a reference that masks them; models.md, section 5.</summary>
public sealed class StagedPrefillTests : IDisposable
{
    // float32, other summation order (models.md, section 11); logits are of size 10.
    private const double Tolerance = 2e-4;

    private readonly Qwen2Config _config;
    private readonly CheckpointFolder _files;
    private readonly Weights _weights;
    private readonly Qwen2Decoder _decoder;

    public StagedPrefillTests()
    {
        var folder = Fixtures.Find("qwen2-tiny");
        _config = ModelConfig.Load<Qwen2Config>(folder);
        _files = CheckpointFolder.Open(folder);
        _weights = new Weights(_files, Compute.Reference);
        _decoder = new Qwen2Decoder(_config, _weights.Under("model."), _weights);
    }

    public void Dispose()
    {
        _weights.Dispose();
        _files.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_pruned_prefill_equals_the_reference_that_masks_dropped_tokens(int seed)
    {
        using var scope = NewDisposeScope();
        var random = new Random(seed);
        const int tokens = 40;
        var embeddings = _decoder.Embed([.. Enumerable.Range(0, tokens).Select(_ => (long)random.Next(600))]);

        // At each of layers 0, 1 and 2 a random third of the tokens goes, never the last one.
        var lastLayerSeen = Enumerable.Repeat(int.MaxValue, tokens).ToArray();
        var alive = Enumerable.Range(0, tokens).ToList();
        var hook = new LayerHook(layer => layer < 3, (layer, _, _) =>
        {
            var kept = Enumerable.Range(0, alive.Count).Where(i => i == alive.Count - 1 || random.Next(3) > 0).ToArray();
            foreach (var gone in alive.Except(kept.Select(i => alive[i])))
                lastLayerSeen[gone] = layer;
            alive = [.. kept.Select(i => alive[i])];
            return [.. kept.Select(i => (long)i)];
        });
        using var cache = _decoder.NewCache();
        var staged = _decoder.Logits(_decoder.Forward(embeddings, Positions(tokens), cache, hook));
        var masked = new MaskedReference(_config, _files).Logits(embeddings, lastLayerSeen);

        Assert.True(alive.Count < tokens / 2);
        var rows = TensorData.From<long>([.. alive.Select(i => (long)i)], alive.Count);
        Assert.InRange((staged - masked.index_select(0, rows)).abs().max().item<float>(), 0, Tolerance);
    }

    [Fact]
    public void Keeping_everything_gives_the_plain_logits_bit_for_bit()
    {
        using var scope = NewDisposeScope();
        var embeddings = _decoder.Embed([.. Positions(30)]);
        using var plainCache = _decoder.NewCache();
        using var hookedCache = _decoder.NewCache();
        var all = new LayerHook(_ => true, (_, hidden, _) => Positions((int)hidden.shape[0]));
        var plain = _decoder.Logits(_decoder.Forward(embeddings, Positions(30), plainCache));
        var hooked = _decoder.Logits(_decoder.Forward(embeddings, Positions(30), hookedCache, all));
        Assert.Equal(plain.ToArray<float>(), hooked.ToArray<float>());
    }

    [Fact]
    public void Caches_hold_what_each_layer_saw_and_decoding_goes_on_from_the_original_length()
    {
        using var scope = NewDisposeScope();
        using var session = new DecodingSession(_decoder);
        var hook = new LayerHook(layer => layer == 1, (_, _, _) => [0, 5, 6, 19]);
        session.Prefill(_decoder.Embed([.. Positions(20)]), hook: hook);
        Assert.Equal([20, 20, 4, 4], Enumerable.Range(0, 4).Select(layer => (int)session.Cache.Length(layer)));
        Assert.Equal(20, session.Cache.NextPosition);
        session.Step(7);
        Assert.Equal([21, 21, 5, 5], Enumerable.Range(0, 4).Select(layer => (int)session.Cache.Length(layer)));
        Assert.Equal(21, session.Cache.NextPosition);
    }

    [Fact]
    public void The_attention_row_of_the_last_token_sums_to_one_per_head()
    {
        using var scope = NewDisposeScope();
        var rows = new List<float[]>();
        var watch = new LayerHook(_ => true, (_, _, row) =>
        {
            rows.Add(row.sum([1]).ToArray<float>());
            return null;
        });
        using var cache = _decoder.NewCache();
        _decoder.Forward(_decoder.Embed([.. Positions(25)]), Positions(25), cache, watch);
        Assert.Equal(_config.LayerCount, rows.Count);
        Assert.All(rows.SelectMany(row => row), sum => Assert.InRange(sum, 1 - 1e-5f, 1 + 1e-5f));
    }

    [Fact]
    public void Several_asking_tokens_give_the_mean_of_what_each_would_give_as_the_last()
    {
        using var scope = NewDisposeScope();
        float[] Asked(int tokens, int askers)
        {
            float[] seen = [];
            var watch = new LayerHook(layer => layer == 2, (_, _, attention) =>
            {
                seen = attention.ToArray<float>();
                return null;
            })
            { Askers = askers };
            using var cache = _decoder.NewCache();
            _decoder.Forward(_decoder.Embed([.. Positions(tokens)]), Positions(tokens), cache, watch);
            return seen;
        }
        var heads = _config.HeadCount;
        var expected = new float[heads * 20];
        for (var last = 17; last <= 20; last++)
        {
            var row = Asked(last, 1);
            for (var i = 0; i < row.Length; i++)
                expected[i / last * 20 + i % last] += row[i] / 4;
        }
        Assert.All(Asked(20, 4).Zip(expected), pair => Assert.InRange(pair.First, pair.Second - 1e-5f, pair.Second + 1e-5f));
    }

    [Fact]
    public void Dropping_after_a_layer_equals_dropping_before_its_feed_forward()
    {
        using var scope = NewDisposeScope();
        var embeddings = _decoder.Embed([.. Positions(30)]);
        long[] kept = [0, 3, 4, 9, 17, 29];
        var early = new LayerHook(layer => layer == 1, (_, _, _) => kept);
        var late = new LayerHook(
            (layer, place) => layer == 1 && place == HookPlace.AfterLayer ? HookNeed.Hidden : HookNeed.Nothing,
            (_, _, _, attention) =>
            {
                Assert.Null(attention);
                return new HookResult(kept);
            });
        using var first = _decoder.NewCache();
        using var second = _decoder.NewCache();
        var expected = _decoder.Logits(_decoder.Forward(embeddings, Positions(30), first, early));
        var actual = _decoder.Logits(_decoder.Forward(embeddings, Positions(30), second, late));
        Assert.InRange((expected - actual).abs().max().item<float>(), 0, Tolerance);
        Assert.Equal(first.Length(2), second.Length(2));
    }

    [Fact]
    public void Hidden_states_that_a_hook_gives_take_the_place_of_the_kept_ones()
    {
        using var scope = NewDisposeScope();
        var embeddings = _decoder.Embed([.. Positions(12)]);
        long[] kept = [0, 2, 3, 11];
        Tensor Run(Func<Tensor, Tensor?> merged, List<float> sums)
        {
            var cache = _decoder.NewCache();
            var hook = new LayerHook(
                (layer, place) => layer == 0 ? HookNeed.HiddenAndAttention : HookNeed.Nothing,
                (_, place, hidden, attention) =>
                {
                    sums.Add((float)attention!.shape[1]);
                    return place == HookPlace.AfterLayer ? null : new HookResult(
                        kept, merged(hidden.index_select(0, TensorData.From<long>(kept, kept.Length))));
                });
            var logits = _decoder.Logits(_decoder.Forward(embeddings, Positions(12), cache, hook));
            cache.Dispose();
            return logits;
        }
        var lengths = new List<float>();
        var plain = Run(_ => null, lengths);
        Assert.Equal(plain.ToArray<float>(), Run(rows => rows, lengths).ToArray<float>());
        Assert.NotEqual(plain.ToArray<float>(), Run(rows => rows * 2, lengths).ToArray<float>());
        // After the layer the attention is that of the rows that went on.
        Assert.Equal([12, 4, 12, 4, 12, 4], lengths);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(3, 5)]
    [InlineData(8, 2)]
    [InlineData(2, 40)]
    [InlineData(60, 3)]
    public void A_window_equals_the_reference_that_masks_what_is_not_seen(int initial, int local)
    {
        using var scope = NewDisposeScope();
        const int tokens = 40;
        var embeddings = _decoder.Embed([.. Positions(tokens)]);
        var hook = new LayerHook((_, _) => HookNeed.Nothing, (_, _, _, _) => null) { Window = new KeyWindow(initial, local) };
        using var cache = _decoder.NewCache();
        var windowed = _decoder.Logits(_decoder.Forward(embeddings, Positions(tokens), cache, hook));
        var all = Enumerable.Repeat(int.MaxValue, tokens).ToArray();
        var masked = new MaskedReference(_config, _files).Logits(embeddings, all, (query, key) => query - key < local || key < initial);
        Assert.InRange((windowed - masked).abs().max().item<float>(), 0, Tolerance);
    }

    private static long[] Positions(int count) => [.. Enumerable.Range(0, count).Select(i => (long)i)];
}
