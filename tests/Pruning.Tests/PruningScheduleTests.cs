namespace HieraVid.Pruning.Tests;

public sealed class PruningScheduleTests
{
    [Theory]
    [InlineData(0.3, 0.3001)]
    [InlineData(0.2, 0.21)]
    [InlineData(0.1, 0.11)]
    public void Published_budgets_have_the_published_ratios_and_their_means(double budget, double mean)
    {
        double[][] published = [[0.5, 0.3, 0.3, 0.57], [0.5, 0.5, 0.7, 0.8], [0.7, 0.6, 0.85, 0.9]];
        foreach (var layers in new[] { 4, 24, 28, 80 })
        {
            var schedule = PruningSchedule.ForBudget(budget, layers);
            Assert.Equal(published[budget == 0.3 ? 0 : budget == 0.2 ? 1 : 2], schedule.Ratios);
            Assert.Equal(mean, schedule.MeanRetention, 0.0001);
        }
        Assert.Equal([7, 14, 21], PruningSchedule.ForBudget(budget, 28).Layers);
    }

    [Fact]
    public void Any_other_budget_is_met_at_any_depth()
    {
        for (var layers = 4; layers <= 80; layers++)
        {
            var before = new double[4];
            for (var percent = 2; percent <= 100; percent++)
            {
                // Off the round numbers, so that the published schedules stay out of it.
                var budget = percent == 100 ? 1 : percent / 100.0 + 0.001;
                var schedule = PruningSchedule.ForBudget(budget, layers);
                Assert.Equal(budget, schedule.MeanRetention, 1e-12);
                Assert.All(schedule.Ratios, ratio => Assert.InRange(ratio, 0, 0.999));
                Assert.All(schedule.Ratios.Skip(1), ratio => Assert.True(ratio is 0 or >= 0.05 and <= 0.9 + 1e-12));
                var shares = schedule.StageShares();
                Assert.Equal(shares.OrderDescending(), shares);
                Assert.True(shares[0] >= before[0] || schedule.Ratios[1] == 0, "a greater budget merges no more");
                Assert.Equal(schedule.Layers.Distinct().Order(), schedule.Layers);
                Assert.InRange(schedule.Layers[0], 1, layers - 3);
                before = shares;
            }
        }
    }

    [Fact]
    public void Round_budgets_are_met_where_the_stages_have_unequal_lengths()
    {
        foreach (var budget in new[] { 0.1, 0.2, 0.3 })
            Assert.Equal(budget, PruningSchedule.ForBudget(budget, 30).MeanRetention, 1e-12);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(28)]
    public void Budget_one_prunes_nothing(int layers)
    {
        var schedule = PruningSchedule.ForBudget(1, layers);
        Assert.True(schedule.PrunesNothing);
        Assert.All(Enumerable.Range(0, layers), layer => Assert.Null(schedule.StageAt(layer)));
    }

    [Fact]
    public void Stages_are_found_by_layer()
    {
        var schedule = PruningSchedule.ForBudget(0.3, 28);
        Assert.Equal([7, 14, 21], Enumerable.Range(0, 28).Where(layer => schedule.StageAt(layer) is not null));
        Assert.Equal(2, schedule.StageAt(14));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void A_budget_outside_its_range_is_refused(double budget)
    {
        var error = Assert.Throws<PruningException>(() => PruningSchedule.ForBudget(budget, 28));
        Assert.StartsWith("The budget must be above 0 and at most 1 but is ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_with_too_few_layers_is_refused()
    {
        var error = Assert.Throws<PruningException>(() => PruningSchedule.ForBudget(0.3, 3));
        Assert.Equal("A model of 3 layers cannot carry a schedule that prunes inside it: use one with at least 4 layers, "
            + "or budget 1.", error.Message);
    }

    [Fact]
    public void Options_outside_their_ranges_are_refused()
    {
        var options = HieraVidOptions.Default;
        Assert.Same(options, options.Validated());
        HieraVidOptions[] wrong =
        [
            options with { Alpha = 1.5 }, options with { Beta = -1 }, options with { SimThreshold = double.NaN },
            options with { Deviation = 2 }, options with { ClampLow = 0.5, ClampHigh = 0.4 },
        ];
        Assert.All(wrong, option => Assert.Throws<PruningException>(option.Validated));
    }
}
