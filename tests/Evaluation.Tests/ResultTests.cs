using HieraVid.Evaluation.Reporting;
using HieraVid.Evaluation.Running;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pruning;

namespace HieraVid.Evaluation.Tests;

public sealed class ResultTests : IDisposable
{
    private static readonly EvaluationSubject Subject = new("model", "q.jsonl", "abc", "16 frames");

    private readonly string _folder = Directory.CreateTempSubdirectory("hieravid-eval-").FullName;

    private string File => Path.Combine(_folder, "results.jsonl");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static EvaluationResult Result(string setting, string question, bool right, string kind = "colour", string expected = "red") => new()
    {
        Setting = setting,
        Question = question,
        Kind = kind,
        Answer = right ? expected : "other",
        Parsed = "x",
        Expected = expected,
        IsRight = right,
        Retention = 0.5,
        Flops = 1,
        FlopsRatio = 0.25,
        PrefillSeconds = 0.1,
    };

    [Fact]
    public void Results_survive_a_run_that_was_killed_in_the_middle_of_a_line()
    {
        using (var file = ResultFile.Open(File, Subject))
        {
            file.Add(Result("none", "1", true));
            file.Add(Result("none", "2", false));
        }
        var text = System.IO.File.ReadAllText(File);
        System.IO.File.WriteAllText(File, text[..^20]);
        using (var file = ResultFile.Open(File, Subject))
        {
            Assert.Equal(["1"], file.Results.Select(result => result.Question));
            file.Add(Result("none", "2", true));
        }
        using var again = ResultFile.Open(File, Subject);
        Assert.Equal(["1", "2"], again.Results.Select(result => result.Question));
        Assert.All(again.Results, result => Assert.True(result.IsRight));
    }

    [Fact]
    public void Results_of_something_else_are_not_touched()
    {
        ResultFile.Open(File, Subject).Dispose();
        Assert.Throws<JobException>(() => ResultFile.Open(File, Subject with { Hash = "other" }));
        System.IO.File.WriteAllText(File, "something else\n");
        Assert.Throws<JobException>(() => ResultFile.Open(File, Subject));
        Assert.Equal("something else\n", System.IO.File.ReadAllText(File));
    }

    [Fact]
    public void A_setting_names_method_budget_and_options()
    {
        var setting = EvaluationSetting.Parse("hieravid@0.2,beta=0.6,relevanceSign=positive");
        Assert.Equal(("hieravid", 0.2), (setting.Pruning.Method, setting.Pruning.Budget));
        Assert.Equal("0.6", setting.Pruning.Settings["beta"]);
        Assert.Equal("hieravid,beta=0.6,relevanceSign=positive", setting.Curve);
        Assert.Equal(1, EvaluationSetting.Parse("none").Pruning.Budget);
    }

    [Theory]
    [InlineData("hieravid@much")]
    [InlineData("hieravid@0.3,beta")]
    public void A_setting_of_another_form_is_refused(string text) =>
        Assert.Contains(text, Assert.Throws<JobException>(() => EvaluationSetting.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void An_unknown_method_or_option_is_refused()
    {
        Assert.Throws<PruningException>(() => EvaluationSetting.Parse(""));
        Assert.Throws<PruningException>(() => EvaluationSetting.Parse("magic@0.3"));
        Assert.Throws<PruningException>(() => EvaluationSetting.Parse("hieravid@0.3,colour=red"));
        Assert.Throws<PruningException>(() => EvaluationSetting.Parse("hieravid@1.5"));
    }

    [Fact]
    public void The_table_counts_by_setting_and_kind()
    {
        List<EvaluationResult> results =
        [
            Result("none", "1", true), Result("none", "2", true), Result("none", "3", false, "count", "two"),
            Result("hieravid@0.3", "1", true), Result("hieravid@0.3", "2", false), Result("hieravid@0.3", "3", true, "count", "two"),
        ];
        var table = EvaluationTable.Of(results, [EvaluationSetting.Parse("none"), EvaluationSetting.Parse("hieravid@0.3"), EvaluationSetting.Parse("hieravid@0.1")]);
        Assert.Equal(["colour", "count"], table.Kinds);
        Assert.Equal(["none", "hieravid@0.3"], table.Rows.Select(row => row.Setting.Name));
        Assert.Equal((2, 3), (table.Rows[0].All.Right, table.Rows[0].All.Total));
        Assert.Equal([(1, 2), (1, 1)], table.Rows[1].Kinds.Select(kind => (kind.Right, kind.Total)));
        Assert.Equal((3, 3), (table.Frequent.All.Right, table.Frequent.All.Total)); // always "red", always "two"
    }

    [Fact]
    public void The_page_shows_every_setting_and_needs_nothing_else()
    {
        var table = EvaluationTable.Of([Result("none", "1", true), Result("hieravid@0.3", "1", false)],
            [EvaluationSetting.Parse("none"), EvaluationSetting.Parse("hieravid@0.3")]);
        var page = EvaluationPage.Write(table, Subject with { Model = "<model>" });
        Assert.Contains("hieravid@0.3", page, StringComparison.Ordinal);
        Assert.Contains("&lt;model&gt;", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<model>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("http", page.Replace("http-equiv", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("polyline", page, StringComparison.Ordinal);
    }
}
