using HieraVid.Models.Generation;

namespace HieraVid.Models.Tests.Generation;

public sealed class TokenSamplerTests
{
    private static readonly float[] s_logits = [1, 3, -2, 3, 0.5f];

    [Fact]
    public void Greedy_takes_the_highest_and_the_lowest_id_of_a_tie() =>
        Assert.Equal(1, new TokenSampler(new SamplingOptions()).Next([.. s_logits]));

    [Fact]
    public void The_penalty_divides_positive_and_multiplies_negative_logits_once_per_seen_token()
    {
        var sampler = new TokenSampler(new SamplingOptions { RepetitionPenalty = 2 }, [1, 1, 2]);
        var logits = s_logits.ToArray();
        Assert.Equal(3, sampler.Next(logits));
        Assert.Equal([1, 1.5f, -4, 3, 0.5f], logits);
    }

    [Fact]
    public void Chosen_tokens_count_as_seen()
    {
        var sampler = new TokenSampler(new SamplingOptions { RepetitionPenalty = 4 });
        Assert.Equal([1, 3, 0], new[] { sampler.Next([.. s_logits]), sampler.Next([.. s_logits]), sampler.Next([.. s_logits]) });
    }

    [Fact]
    public void The_same_seed_draws_the_same_tokens_and_another_seed_others()
    {
        int[] Draw(int seed)
        {
            var sampler = new TokenSampler(new SamplingOptions { Temperature = 1, Seed = seed });
            return [.. Enumerable.Range(0, 64).Select(_ => sampler.Next([.. s_logits]))];
        }
        Assert.Equal(Draw(7), Draw(7));
        Assert.NotEqual(Draw(7), Draw(8));
    }

    [Theory]
    [InlineData(1.0, 0.4, 5)]
    [InlineData(0.5, 0.4, 1)]
    [InlineData(1.0, 1.0, 5)]
    public void Top_p_keeps_the_smallest_head_of_the_distribution_that_reaches_it(double temperature, double topP, int most)
    {
        // Softmax of {4, 1, 1, 1, 1} at temperature 0.5 gives the first 0.99; at 1 it gives 0.83.
        var options = new SamplingOptions { Temperature = temperature, TopP = topP, Seed = 3 };
        var sampler = new TokenSampler(options);
        var drawn = Enumerable.Range(0, 500).Select(_ => sampler.Next([4, 1, 1, 1, 1])).Distinct().ToList();
        Assert.Contains(0, drawn);
        Assert.InRange(drawn.Count, 1, topP < 0.8 ? 1 : most);
        Assert.True(topP < 1 || drawn.Count > 1);
    }

    [Fact]
    public void Top_k_draws_from_the_k_highest_only()
    {
        var sampler = new TokenSampler(new SamplingOptions { Temperature = 10, TopK = 2, Seed = 1 });
        Assert.All(Enumerable.Range(0, 200), _ => Assert.Contains(sampler.Next([.. s_logits]), new[] { 1, 3 }));
    }

    [Fact]
    public void Frequencies_follow_the_softmax()
    {
        var sampler = new TokenSampler(new SamplingOptions { Temperature = 1, Seed = 11 });
        const int draws = 20_000;
        var first = Enumerable.Range(0, draws).Count(_ => sampler.Next([1, 0]) == 0);
        // e / (e + 1) = 0.7311; five standard deviations of the share are 0.016.
        Assert.InRange(first / (double)draws, 0.7311 - 0.016, 0.7311 + 0.016);
    }
}
