namespace HieraVid.Pruning.Tests;

/// <summary>Part C of the specification: the figures of the papers' tables, in TFLOPs.</summary>
public sealed class FlopsTests
{
    [Theory]
    [InlineData("llava-video-7b", 80.16)]
    [InlineData("llava-onevision-7b", 40.77)]
    public void Without_pruning(string name, double expected)
    {
        var model = Model(name);
        Assert.Equal(expected, Tera(Flops.Total(model, FlopsTokens.Uniform(model.VisualTokens, model.Layers))));
    }

    [Theory]
    [InlineData("llava-video-7b", 0.3, 19.61, 20.03, 24.5)]
    [InlineData("llava-video-7b", 0.2, 13.77, 14.25, 17.2)]
    [InlineData("llava-video-7b", 0.1, 6.85, 7.09, 8.5)]
    [InlineData("llava-onevision-7b", 0.3, 10.74, 10.93, 26.3)]
    [InlineData("llava-onevision-7b", 0.2, 7.53, 7.76, 18.5)]
    [InlineData("llava-onevision-7b", 0.1, 3.82, 3.94, 9.4)]
    public void HieraVid_at_the_published_budgets(string name, double budget, double ideal, double exact, double percent)
    {
        var model = Model(name);
        var schedule = PruningSchedule.ForBudget(budget, model.Layers);
        var stages = FlopsTokens.Nominal(schedule, model.VisualTokens);
        var total = Flops.Total(model, FlopsTokens.Ideal(FlopsTokens.Exact(schedule, stages)));
        Assert.Equal(ideal, Tera(total));
        Assert.Equal(exact, Tera(Flops.Total(model, FlopsTokens.Exact(schedule, stages))));
        var vanilla = Flops.Total(model, FlopsTokens.Uniform(model.VisualTokens, model.Layers));
        Assert.Equal(percent, Math.Round(100 * total / vanilla, 1));
    }

    [Theory]
    [InlineData(0.3, 7.31)]
    [InlineData(1.0, 27.1)]
    public void Tokens_pruned_before_the_model_weigh_on_every_layer(double share, double expected)
    {
        // Qwen2-VL in the paper: about 4,422 visual tokens.
        var total = Flops.Total(FlopsModel.LlavaVideo7B, FlopsTokens.Uniform(4422 * share, 28));
        Assert.Equal(expected, total / 1e12, 0.01 * expected);
    }

    [Fact]
    public void Budget_one_costs_what_no_pruning_costs()
    {
        var schedule = PruningSchedule.ForBudget(1, 28);
        var stages = FlopsTokens.Nominal(schedule, 1000);
        Assert.Equal(FlopsTokens.Uniform(1000, 28), FlopsTokens.Exact(schedule, stages));
        Assert.Equal(FlopsTokens.Uniform(1000, 28), FlopsTokens.Ideal(FlopsTokens.Exact(schedule, stages)));
    }

    private static FlopsModel Model(string name) => FlopsModel.Presets.Single(model => model.Name == name);

    private static double Tera(double flops) => Math.Round(flops / 1e12, 2);
}
