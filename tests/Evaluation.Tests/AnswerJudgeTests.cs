using HieraVid.Evaluation.Answers;

namespace HieraVid.Evaluation.Tests;

public class AnswerJudgeTests
{
    private static readonly string[] Choices = ["a dog", "a cat", "a bird", "a fish", "a horse"];

    // Columns: what lmms-eval's own functions made of the answer (run on it once): those of Video-MME and MLVU, LongVideoBench,
    // MVBench, NExT-QA. Empty: nothing was found.
    [Theory]
    [InlineData("A", "A", "A", "A", "A")]
    [InlineData("B.", "B", "B", "B", "B")]
    [InlineData("(C)", "C", "C", "C", "C")]
    [InlineData("The best answer is D", "D", "D", "D", "D")]
    [InlineData("Best option: A", "B", "A", "A", "A")]
    [InlineData("The answer is: (B) a cat", "B", "B", "B", "B")]
    [InlineData("a cat", "", "", "A", "")]
    [InlineData("I think that the man in the video is holding a small cup of tea", "", "", "A", "")]
    [InlineData("Answer C", "A", "A", "C", "C")]
    [InlineData("it is B because A is wrong", "B", "B", "B", "A")]
    [InlineData("D. a dog", "D", "D", "D", "D")]
    [InlineData("b", "", "", "B", "")]
    [InlineData("The correct option is C.", "C", "C", "C", "C")]
    [InlineData("E", "", "E", "E", "E")]
    [InlineData("", "", "", "", "")]
    [InlineData("I do not know", "", "", "", "")]
    [InlineData("b) a cat", "", "", "B", "")]
    [InlineData("C, definitely", "C", "C", "C", "")]
    [InlineData("The dog (A) or the cat (B)", "A", "A", "A", "B")]
    [InlineData("He sees a dog and then a cat in the garden", "", "", "A", "B")]
    public void Letters_are_found_where_the_public_harness_finds_them(
        string answer, string first, string longVideo, string any, string mentioned)
    {
        AssertFound(first, AnswerRule.FirstLetter, answer);
        AssertFound(longVideo, AnswerRule.FirstLetterOrGuess, answer);
        AssertFound(any, AnswerRule.AnyLetter, answer);
        AssertFound(mentioned, AnswerRule.Mentioned, answer);
    }

    private static void AssertFound(string expected, AnswerRule rule, string answer)
    {
        var verdict = AnswerJudge.Judge(new AnswerKey(rule, Choices, "A"), answer, "q");
        Assert.Equal(expected, verdict.IsGuessed ? "" : verdict.Parsed);
        Assert.Equal(verdict.Parsed == "A", verdict.IsRight);
    }

    [Theory]
    [InlineData("B. a cat.", "B")]
    [InlineData("a cat.", "B")]
    [InlineData("B", "B")]
    [InlineData("b", "")]
    [InlineData("a cat", "")] // the harness wants the full stop
    public void Whole_options_must_be_whole(string answer, string expected) =>
        AssertFound(expected, AnswerRule.WholeOption, answer);

    [Fact]
    public void A_guess_depends_on_the_question_alone_and_is_right_about_one_time_in_five()
    {
        var key = new AnswerKey(AnswerRule.Mentioned, Choices, "C");
        var right = Enumerable.Range(0, 2000).Count(i => AnswerJudge.Judge(key, "no idea", $"q{i}").IsRight);
        Assert.InRange(right, 340, 460);
        Assert.Equal(AnswerJudge.Judge(key, "no idea", "q7"), AnswerJudge.Judge(key, "none", "q7"));
    }

    [Theory]
    [InlineData("red", true)]
    [InlineData(" Red.", true)]
    [InlineData("red circle", false)]
    [InlineData("", false)]
    public void Words_are_compared_without_case_and_punctuation(string answer, bool right) =>
        Assert.Equal(right, AnswerJudge.Judge(AnswerKey.Words("red"), answer, "q").IsRight);

    // Wilson (1927), values of the R function prop.test without correction.
    [Theory]
    [InlineData(8, 10, 0.4902, 0.9433)]
    [InlineData(0, 10, 0, 0.2775)]
    [InlineData(10, 10, 0.7225, 1)]
    [InlineData(950, 1000, 0.9347, 0.9619)]
    public void Intervals_are_wilsons(int right, int total, double low, double high)
    {
        var interval = new Accuracy(right, total).Interval;
        Assert.Equal(low, interval.Low, 4);
        Assert.Equal(high, interval.High, 4);
    }
}
