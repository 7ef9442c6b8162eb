namespace HieraVid.Client.Tests;

public class EvalTests : ClientTest
{
    private Task<Outcome> EvalAsync(params string[] more) => RunAsync(
        ["eval", "q.jsonl", "--model", Model, "--frames", "2", "--max-tokens", "3", "--threads", "2", "--run", "none", "--results", "r.jsonl", .. more]);

    private void PutQuestions(string extra = "")
    {
        MakeVideo("v.mp4");
        File.WriteAllText(At("q.jsonl"), """
            {"video":"v.mp4","question":"What is it?","answer":"red","kind":"colour"}
            {"video":"v.mp4","question":"How many?","answer":"A","choices":["one","two"],"kind":"count"}

            """ + extra);
    }

    [Fact]
    public async Task An_evaluation_writes_answers_table_and_page_and_is_not_done_twice()
    {
        PutQuestions();
        var first = (await EvalAsync("--report", "page.html")).Succeeds();
        var lines = File.ReadAllLines(At("r.jsonl"));
        Assert.Equal(3, lines.Length);
        Assert.Contains("colour", first.Output, StringComparison.Ordinal);
        Assert.Contains("most frequent answer", first.Output, StringComparison.Ordinal);
        Assert.Contains("<svg", File.ReadAllText(At("page.html")), StringComparison.Ordinal);

        var second = (await EvalAsync()).Succeeds();
        Assert.Equal(first.Output, second.Output);
        Assert.Equal(lines, File.ReadAllLines(At("r.jsonl")));
        NothingIsLeftBut("v.mp4", "q.jsonl", "r.jsonl", "page.html");
    }

    [Fact]
    public async Task Other_questions_do_not_mix_with_old_results()
    {
        PutQuestions();
        (await EvalAsync("--limit", "1")).Succeeds();
        (await EvalAsync()).RefusesNaming("r.jsonl");
    }

    [Fact]
    public async Task A_question_without_its_video_is_refused_before_the_model_is_loaded()
    {
        PutQuestions("""{"video":"gone.mp4","question":"What?","answer":"x"}""");
        (await EvalAsync()).RefusesNaming("gone.mp4");
        NothingIsLeftBut("v.mp4", "q.jsonl");
    }
}
