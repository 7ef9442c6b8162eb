namespace HieraVid.Pruning.Tests;

/// <summary>Asking for methods: names, settings and budgets, right and wrong.</summary>
public sealed class RegistryTests
{
    private static readonly ModelTraits s_model = new(28);

    [Theory]
    [InlineData("fastvd", "(did you mean fastvid?)")]
    [InlineData("HOLITOM", "(did you mean holitom?)")]
    [InlineData("wishful-thinking", "is not known: take one of hieravid, ")]
    public void An_unknown_name_is_refused_with_the_known_ones(string name, string expected)
    {
        var error = Assert.Throws<PruningException>(() => PruningMethods.Find(name));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains(string.Join(", ", PruningMethods.Names), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_method_refuses_settings_that_it_does_not_know_and_budgets_out_of_range()
    {
        foreach (var name in PruningMethods.Names)
        {
            var error = Assert.Throws<PruningException>(() =>
                PruningMethods.Create(name, 0.5, new Dictionary<string, string> { ["wish"] = "1" }, s_model));
            Assert.Contains("no option wish", error.Message, StringComparison.Ordinal);
            foreach (var budget in name == PruningMethods.None ? Array.Empty<double>() : [0, -1, 1.01, double.NaN])
                Assert.Throws<PruningException>(() => PruningMethods.Create(name, budget, new Dictionary<string, string>(), s_model));
            Assert.Equal(name, PruningMethods.Create(name, 0.5, new Dictionary<string, string>(), s_model).Name);
        }
    }

    [Fact]
    public void Every_setting_refuses_what_it_cannot_read()
    {
        foreach (var name in PruningMethods.Names)
        {
            foreach (var setting in PruningMethods.SettingsOf(name))
                Assert.Throws<PruningException>(() => PruningMethods.Create(name, 0.5, new Dictionary<string, string> { [setting] = "?" }, s_model));
        }
    }

    [Fact]
    public void DyCoke_cannot_keep_less_than_a_quarter_and_says_why()
    {
        var error = Assert.Throws<PruningException>(() => PruningMethods.Create("dycoke", 0.2, new Dictionary<string, string>(), s_model));
        Assert.Contains("one frame of four whole", error.Message, StringComparison.Ordinal);
        Assert.Contains("at least 0.25", error.Message, StringComparison.Ordinal);
        Assert.NotNull(PruningMethods.Create("dycoke", 0.25, new Dictionary<string, string>(), s_model));
    }

    [Fact]
    public void A_layer_that_the_model_lacks_is_refused_and_defaults_go_to_the_same_depth()
    {
        var settings = new Dictionary<string, string> { ["layer"] = "30" };
        Assert.Throws<PruningException>(() => PruningMethods.Create("fastv", 0.5, settings, s_model));
        var video = new VideoShape(1, 100, 8);
        var layers = PruningMethods.Create("flashvid", 0.4, new Dictionary<string, string>(), new ModelTraits(14)).Nominal(video, 14);
        Assert.Equal(10, layers.Count(tokens => tokens.Attention == layers[0].Attention));
    }

    [Fact]
    public void A_prompt_too_short_for_the_window_is_refused()
    {
        var method = PruningMethods.Create("streamingllm", 0.1, new Dictionary<string, string>(), s_model);
        Assert.Throws<PruningException>(() => method.Window(80));
        Assert.Equal(new AttentionWindow(8, 92), method.Window(1000));
    }
}
